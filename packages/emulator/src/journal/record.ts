import type { Journal } from './journal.js';
import { isSecretName, isToken } from './secrets.js';

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

/** How a request was answered. */
interface Answered {
  /** Status of the response; 0 where there was none. */
  readonly status: number;
  /** Milliseconds until the response. */
  readonly ms: number;
  /** What else is known. @default nothing */
  readonly about?: About;
  /** Whether a value is a secret, whatever it is called. @default none is */
  readonly isSecret?: (value: string) => boolean;
}

/** Adds a request and its response to the journal, without secrets. */
export function recordRequest(
  journal: Journal,
  request: Request,
  { status, ms, about = {}, isSecret = () => false }: Answered,
): void {
  const { pathname, searchParams } = new URL(request.url);
  const hides = (value: string) => isToken(value) || isSecret(value);
  const { client = searchParams.get('client_id') ?? undefined, fault, flow } = about;
  const userAgent = request.headers.get('user-agent')?.slice(0, LONGEST_AGENT);
  journal.append({
    kind: 'request',
    method: request.method,
    path: pathWithout(pathname, hides).slice(0, LONGEST_QUERY),
    query: queryWithout(searchParams, hides),
    status,
    ms,
    ...(client !== undefined && { client: hides(client) ? '…' : client.slice(0, 100) }),
    ...(userAgent && { userAgent }),
    ...(fault !== undefined && { fault }),
    ...(flow !== undefined && { flow }),
  });
}

type Hides = (value: string) => boolean;

/** A path whose parts that are secrets are dots. */
function pathWithout(path: string, hides: Hides): string {
  const parts = path.split('/');
  return parts.map((part) => (hides(part) ? '…' : part)).join('/');
}

/** A query with its `?` whose secrets are dots. */
function queryWithout(query: URLSearchParams, hides: Hides): string {
  const shown = new URLSearchParams(
    [...query].map(([name, value]): [string, string] => [
      hides(name) ? '…' : name,
      value && (isSecretName(name) || hides(value)) ? '…' : value,
    ]),
  );
  const text = shown.toString().replaceAll('%E2%80%A6', '…');
  return text === '' ? '' : `?${text.slice(0, LONGEST_QUERY)}`;
}
