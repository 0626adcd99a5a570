import { isPublic, nearest } from '@kindling/internal';

/** Whether an address is registered: equal, or below one `*` in the left-most label of a registered host. */
export function isRegistered(registered: readonly string[], address: string): boolean {
  return registered.some((entry) => {
    const [, start, end] = /^(https?:\/\/[^./*]*)\*([^./*]*\.[^*]+)$/.exec(entry) ?? [];
    if (start === undefined || end === undefined) {
      return entry === address;
    }
    const fits =
      address.startsWith(start) &&
      address.endsWith(end) &&
      address.length > start.length + end.length;
    return fits && /^[a-z0-9-]+$/i.test(address.slice(start.length, -end.length));
  });
}

/** A part in which two addresses differ. */
export interface Difference {
  /** Which part. */
  readonly part: 'scheme' | 'host' | 'port' | 'path' | 'trailing slash' | 'query' | 'fragment';
  /** What was given; empty where there is none. */
  readonly given: string;
  /** What is registered; empty where there is none. */
  readonly registered: string;
}

/** The registered address that an address resembles most, and in what they differ. */
export interface NearestAddress {
  /** The registered address. */
  readonly address: string;
  /** The parts that differ; empty where the same address is only written in another way. */
  readonly differences: readonly Difference[];
}

/** Finds the registered address with the fewest different parts; `undefined` where none can be compared. */
export function nearestAddress(
  registered: readonly string[],
  given: string,
): NearestAddress | undefined {
  const candidates = registered
    .filter((address) => URL.canParse(address) && URL.canParse(given))
    .map((address) => ({ address, differences: differencesOf(given, address) }))
    .sort((one, other) => one.differences.length - other.differences.length);
  const [first] = candidates;
  const equals = candidates.filter(
    ({ differences }) => differences.length === first?.differences.length,
  );
  const likeliest = nearest(
    given,
    equals.map(({ address }) => address),
  );
  return equals.find(({ address }) => address === likeliest) ?? first;
}

function differencesOf(given: string, registered: string): Difference[] {
  const one = partsOf(given);
  const other = partsOf(registered);
  const all = Object.keys(one) as Difference['part'][];
  return all
    .filter((part) => one[part] !== other[part])
    .map((part) => ({
      part,
      given: one[part],
      registered: other[part],
    }));
}

function partsOf(address: string): Record<Difference['part'], string> {
  const { protocol, hostname, port, pathname, search, hash } = new URL(address);
  const path = pathname.replace(/\/$/, '');
  return {
    scheme: protocol.replace(/:$/, ''),
    host: hostname,
    port: port || defaultPort(protocol),
    path: path || '/',
    'trailing slash': path !== '' && path !== pathname ? '/' : '',
    query: search,
    fragment: hash,
  };
}

/** Scheme and port differ together where neither names a port: one of them says it all. */
function defaultPort(protocol: string): string {
  return /^https?:$/.test(protocol) ? 'default' : '';
}

/**
 * Whether an address may be registered from a page: http or https on this machine or in a private network, and nothing in it
 * that would register more than that one address.
 */
export function canBeAllowed(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || /[*#\s]/.test(address)) {
    return false;
  }
  return !url.username && !url.password && isPrivate(url.hostname);
}

/** Addresses of RFC 1918, 3927, 4193 and 4291, this machine, and names that DNS has for nobody or for a private network. */
function isPrivate(hostname: string): boolean {
  if (hostname.startsWith('[')) {
    return /^\[(::1\]|f[cd]|fe[89ab])/.test(hostname);
  }
  if (/^[\d.]+$/.test(hostname)) {
    return /^(127|10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))\./.test(hostname);
  }
  return !isPublic(hostname);
}
