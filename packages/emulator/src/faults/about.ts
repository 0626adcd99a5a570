import { decodeJwt } from 'jose';
import type { State } from '../state/state.js';

/** Whom a request is about, as far as it tells. Nothing is verified: it only decides whether a fault hits. */
export interface RequestAbout {
  /** Client id. */
  readonly client?: string | undefined;
  /** Id of the user. */
  readonly person?: string | undefined;
}

/** Forms of the protocol are small. */
const MOST_BYTES = 64 * 1024;

/** Reads client and user from query, form, Basic header, tokens, codes and Kinde's own cookie. */
export async function aboutRequest(request: Request, state: State): Promise<RequestAbout> {
  const form = await formOf(request);
  const { searchParams } = new URL(request.url);
  const grant = grantOf(form, state);
  const proved = provedBy(request.headers.get('authorization') ?? '');
  const named = form.get('client_id') ?? searchParams.get('client_id');
  return {
    client: named ?? proved.client ?? grant?.clientId,
    person: grant?.personId ?? proved.person ?? sessionOf(request, state),
  };
}

/** Client of a Basic header; client and user of a token. */
function provedBy(header: string): RequestAbout {
  const [scheme = '', credentials = ''] = header.split(' ');
  switch (scheme.toLowerCase()) {
    case 'basic':
      return {
        client: Buffer.from(credentials, 'base64').toString().split(':')[0],
      };
    case 'bearer':
      return claimsOf(credentials);
    default:
      return {};
  }
}

async function formOf(request: Request): Promise<URLSearchParams> {
  const isForm = request.headers
    .get('content-type')
    ?.startsWith('application/x-www-form-urlencoded');
  const size = Number(request.headers.get('content-length') ?? 0);
  if (!isForm || request.bodyUsed || size > MOST_BYTES) {
    return new URLSearchParams();
  }
  return new URLSearchParams((await request.clone().text()).slice(0, MOST_BYTES));
}

function claimsOf(token: string): RequestAbout {
  try {
    const { sub, azp } = decodeJwt(token);
    return {
      person: sub,
      client: typeof azp === 'string' ? azp : undefined,
    };
  } catch {
    return {};
  }
}

function grantOf(form: URLSearchParams, { codes, grants, refreshTokens }: State) {
  const held =
    codes.get(form.get('code') ?? '') ??
    refreshTokens.get(form.get('refresh_token') ?? form.get('token') ?? '');
  return grants.get(held?.grantId ?? '');
}

function sessionOf(request: Request, { sessions }: State): string | undefined {
  const values = (request.headers.get('cookie') ?? '').split(/; */);
  const found = values.map((pair) => sessions.get(pair.slice(pair.indexOf('=') + 1)));
  return found.find((session) => session !== undefined)?.personId;
}
