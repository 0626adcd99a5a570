import type { NewToken, TokenDefect } from './inputs.js';
import { durationOf } from './clock.js';

/** Claims of a token, and how it is signed; `undefined` where nothing is to change. */
export type Altered =
  | {
      readonly claims: Record<string, unknown>;
      readonly signed: 'current-key' | 'other-key' | 'none';
    }
  | undefined;

type Claims = Readonly<Record<string, unknown>>;

/** What each defect changes. `revoked` and `id_token` change no claim. */
const DEFECTS: Readonly<Record<TokenDefect, (claims: Claims) => Claims>> = {
  expired: (claims) => moved(claims, -(secondsIn(claims) + 60)),
  // Kinde's tokens have no `nbf`; not everybody looks at `iat`.
  future: (claims) => ({
    ...moved(claims, 3_600),
    nbf: Number(claims['iat']) + 3_600,
  }),
  wrong_issuer: () => ({ iss: 'https://another-issuer.example' }),
  wrong_audience: () => ({ aud: ['https://another-audience.example'] }),
  wrong_key: () => ({}),
  unsigned: () => ({}),
  revoked: () => ({}),
  id_token: () => ({}),
};

/** Changes the claims of a token as it is wanted. */
export function alter(from: Claims, { claims, expiresIn, defect }: NewToken): Altered {
  if (claims === undefined && expiresIn === undefined && defect === undefined) {
    return undefined;
  }
  const lasting = {
    ...from,
    ...(expiresIn !== undefined && { exp: Number(from['iat']) + durationOf(expiresIn) }),
  };
  const broken = defect === undefined ? {} : DEFECTS[defect](lasting);
  return {
    claims: {
      ...lasting,
      ...broken,
      ...claims,
    },
    signed: signedBy(defect),
  };
}

function signedBy(defect: TokenDefect | undefined) {
  switch (defect) {
    case 'wrong_key':
      return 'other-key';
    case 'unsigned':
      return 'none';
    default:
      return 'current-key';
  }
}

function secondsIn({ iat, exp }: Claims): number {
  return Number(exp) - Number(iat);
}

function moved({ iat, exp }: Claims, by: number): Claims {
  return {
    iat: Number(iat) + by,
    exp: Number(exp) + by,
  };
}
