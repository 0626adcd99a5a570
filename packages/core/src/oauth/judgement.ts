import { KindeError } from '../errors.js';
import { verifyOwnAccessToken } from './access-token.js';
import type { OAuthConfig } from './config.js';
import type { Refreshed, Tokens, Unjudged } from './contract.js';
import { verifyIdToken } from './id-token.js';
import type { Provider } from './provider.js';
import { expiryOf, SHORT_LIFE, type TokenResponse } from './token-response.js';
import type { Arrival } from './verify.js';

/** What the verification of a refreshed token needs. */
export interface Judge {
  readonly config: OAuthConfig;
  readonly provider: Provider;
}

/**
 * Verifies the tokens that a refresh brought. Tokens that may become valid, by keys that arrive or a clock that is set, are
 * kept; others are forged, and refused.
 */
export async function judgeAnswer(
  judge: Judge,
  body: TokenResponse,
  from: Tokens,
  by: Arrival,
): Promise<Refreshed> {
  const { config, provider } = judge;
  const previous = from.claims.id;
  let id = previous;
  try {
    if (body.id_token !== undefined) {
      id = await verifyIdToken(config, provider, body.id_token, {
        accessToken: body.access_token,
        previous,
        ...by,
      });
    }
    const access = await verifyOwnAccessToken(config, provider, body.access_token, {
      subject: previous.sub,
      ...by,
    });
    return {
      accessToken: body.access_token,
      idToken: body.id_token ?? from.idToken,
      refreshToken: body.refresh_token ?? from.refreshToken,
      expiresAt: expiryOf(body, access),
      claims: { id, access },
    };
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    const reason = error.reason ?? error.code;
    if (INVALID.includes(error.code) && !NOT_NOW.includes(reason)) {
      return 'refused';
    }
    return unjudged(body, reason);
  }
}

const INVALID: readonly string[] = ['id_token_invalid', 'access_token_invalid'];
/** Checks whose outcome depends on the keys at hand, or on a clock. */
const NOT_NOW: readonly string[] = [
  'key_not_found',
  'key_ambiguous',
  'iat',
  'nbf',
  'exp',
  'expired',
];

function unjudged(body: TokenResponse, reason: string): Unjudged {
  const {
    access_token: accessToken,
    id_token: idToken,
    refresh_token: refreshToken,
    expires_in: seconds,
  } = body;
  return {
    unjudged: {
      accessToken,
      ...(idToken !== undefined && { idToken }),
      ...(refreshToken !== undefined && { refreshToken }),
      ...(seconds !== undefined && { expiresIn: Number(seconds) }),
      reason,
    },
  };
}

/** An answer that was kept, as it came. Its age is unknown, so a token that does not say when it expires lives a short while. */
export function answerOf({
  unjudged: { accessToken, idToken, refreshToken, expiresIn },
}: Unjudged): TokenResponse {
  return {
    access_token: accessToken,
    ...(idToken !== undefined && { id_token: idToken }),
    ...(refreshToken !== undefined && { refresh_token: refreshToken }),
    expires_in: Math.min(expiresIn ?? SHORT_LIFE, SHORT_LIFE),
  };
}

/** Codes of errors by which nothing was sent to the endpoint that was asked, or nothing was done there. */
const UNSENT: readonly string[] = ['kinde_unavailable', 'kinde_busy'];
/** Codes by which Node (undici) says that there was no connection yet. Others may come after the request was written. */
const NO_CONNECTION: readonly unknown[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'ERR_SSL_WRONG_VERSION_NUMBER',
];

/** Says whether a request certainly did not reach the endpoint. Where a runtime has error codes of its own, it may have. */
export function isUnsent(error: unknown): boolean {
  if (!(error instanceof KindeError)) {
    return false;
  }
  if (UNSENT.includes(error.code)) {
    return true;
  }
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return (
    error.code === 'kinde_unreachable' && error.reason === 'network' && NO_CONNECTION.includes(code)
  );
}
