/** Values of `NODE_ENV` where developers and tests run. Every other name counts as production. */
const DEVELOPMENT = ['', 'development', 'dev', 'local', 'test', 'testing', 'ci', 'e2e'];
/** Hosts that are this machine in every resolver, as `URL` spells them. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/**
 * A name with a dot that DNS can have for everybody. Not a number, which is an address or nothing (WHATWG URL has them all in
 * one spelling), and not one that ends in a dot.
 */
const PUBLIC = /^(?!\[)([^.]+\.)+(?!\d+$)[^.]+$/;
/**
 * Names for private networks: RFC 6761, 6762, 7686, 8375, 9476, ICANN's `internal`, and those that routers and companies use.
 */
const PRIVATE =
  /\.(localhost|local|internal|test|invalid|onion|arpa|alt|localdomain|lan|home|corp|intranet|private)$/;

/** Checks whether `NODE_ENV` stands for production, in whatever spelling. */
export function isProduction(env: Readonly<Record<string, string | undefined>>): boolean {
  if (!Object.hasOwn(env, 'NODE_ENV')) {
    return false;
  }
  const name = env['NODE_ENV'] ?? '';
  return !DEVELOPMENT.includes(name.trim().toLowerCase());
}

/** Checks whether a host, as `URL` spells it, has a name that is valid everywhere. Where it leads is for DNS to say. */
export function isPublic(hostname: string): boolean {
  return PUBLIC.test(hostname) && !PRIVATE.test(hostname);
}

/** Hosts that count as this machine beside `localhost`, `127.0.0.1` and `[::1]`. */
export interface LoopbackScope {
  /** All of `127.0.0.0/8` (RFC 1122, 3.2.1.3). @default false */
  readonly network?: boolean;
  /** All names below `.localhost` (RFC 6761, 6.3), although some resolvers ask DNS for them. @default false */
  readonly subdomains?: boolean;
}

/**
 * Checks whether a host, as `URL` spells it, is this machine: the only place where plain http is acceptable. The default is
 * the strictest rule; a caller that accepts more says so.
 */
export function isLoopback(
  hostname: string,
  { network = false, subdomains = false }: LoopbackScope = {},
): boolean {
  if (LOOPBACK.includes(hostname)) {
    return true;
  }
  if (network && /^127(\.\d{1,3}){3}$/.test(hostname)) {
    return true;
  }
  return subdomains && /.\.localhost$/.test(hostname);
}

/** The origin that browsers know Kinde by, and the one at which a server reaches it. */
export interface IssuerAddresses {
  /** The issuer. */
  readonly issuer: string;
  /** The origin of the server's requests. @default the issuer */
  readonly backchannelUrl?: string | undefined;
}

/** The address at which a server reaches an address of the issuer. Addresses of others stay as they are. */
export function reachable(address: string, { issuer, backchannelUrl }: IssuerAddresses): string {
  const { origin, pathname, search } = new URL(address);
  if (backchannelUrl === undefined || origin !== new URL(issuer).origin) {
    return address;
  }
  return new URL(backchannelUrl).origin + pathname + search;
}

/** A `fetch` that sends what is meant for the issuer to where a server reaches it. */
export function fetchReachable(
  given: typeof globalThis.fetch,
  addresses: IssuerAddresses,
): typeof globalThis.fetch {
  if (addresses.backchannelUrl === undefined) {
    return given;
  }
  return (address, init) => given(reachable(String(address), addresses), init);
}
