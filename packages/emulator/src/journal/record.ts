import type { Journal } from './journal.js';

/** Parameters of addresses whose values are secrets, or stand for a sign-in that somebody else could finish. */
const SECRET = [
  'code',
  'key',
  'token',
  'state',
  'nonce',
  'code_challenge',
  'request',
  'reauth_state',
  'invitation_code',
  'id_token_hint',
  'password',
];
const LONGEST_QUERY = 2_000;
const LONGEST_AGENT = 300;

/** What else is known of a request when it was answered. */
export interface About {
  /** Client id that it named or proved. */
  readonly client?: string | undefined;
  /** Name of the fault that hit it. */
  readonly fault?: string | undefined;
  /** Id of the sign-in that it belongs to. */
  readonly flow?: string | undefined;
}

/** Adds a request and its response to the journal. */
export function recordRequest(
  journal: Journal,
  request: Request,
  { status, ms, about = {} }: { status: number; ms: number; about?: About },
): void {
  const { pathname, searchParams } = new URL(request.url);
  const { client = searchParams.get('client_id') ?? undefined, fault, flow } = about;
  const userAgent = request.headers.get('user-agent')?.slice(0, LONGEST_AGENT);
  journal.append({
    kind: 'request',
    method: request.method,
    path: pathname.slice(0, LONGEST_QUERY),
    query: withoutSecrets(searchParams),
    status,
    ms,
    ...(client !== undefined && { client: client.slice(0, 100) }),
    ...(userAgent && { userAgent }),
    ...(fault !== undefined && { fault }),
    ...(flow !== undefined && { flow }),
  });
}

/** A query with its `?` whose secrets are dots. */
function withoutSecrets(query: URLSearchParams): string {
  const shown = new URLSearchParams(
    [...query].map(
      ([name, value]) => [name, SECRET.includes(name) && value ? '…' : value] as [string, string],
    ),
  );
  const text = shown.toString().replaceAll('%E2%80%A6', '…');
  return text === '' ? '' : `?${text.slice(0, LONGEST_QUERY)}`;
}
