import { nearest } from '@kindling/internal';
import { isIP, isIPv6 } from 'node:net';

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/** Where to serve. */
export interface Host {
  /** `localhost` for both loopback addresses, or an address of this machine. */
  readonly host: string;
  /** Names, beside those of loopback, that requests may come by. */
  readonly allowHosts: readonly string[];
}

/**
 * Refuses what would let somebody in by accident: whoever reaches a local Kinde can be anybody.
 * @throws Error for what is no address, for one that other machines reach without names that they come by, and for what is no
 * name.
 */
export function checkHost({ host, allowHosts }: Host): void {
  const wrong = allowHosts.find((name) => !isName(name));
  if (wrong !== undefined) {
    throw new Error(
      `allowHosts (--allow-host) are names such as "kinde", without scheme and port, not "${wrong}".${meant(wrong)}`,
    );
  }
  if (isLoopback(host)) {
    return;
  }
  if (isIP(host) === 0) {
    const guess = nearest(host, LOOPBACK) ?? 'localhost';
    throw new Error(
      `host is an address of this machine or "localhost", not "${host}". Did you mean "${guess}"?`,
    );
  }
  if (allowHosts.length === 0) {
    throw new Error(
      `host "${host}" lets other machines in, and whoever reaches a local Kinde can be anybody. ` +
        'Name in allowHosts (--allow-host) what they come by, such as "kinde", or use "localhost".',
    );
  }
}

/** Whether only this machine reaches an address. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.includes(host);
}

function isName(name: string): boolean {
  return isIP(name) !== 0 || /^[a-z\d]([a-z\d.-]{0,251}[a-z\d])?$/i.test(name);
}

/** The name in what was given instead of one. */
function meant(given: string): string {
  const url = [given, `http://${given}`].find((one) => /^https?:/.test(one) && URL.canParse(one));
  const name = url === undefined ? '' : new URL(url).hostname;
  return isName(name) ? ` Did you mean "${name}"?` : '';
}

/** Makes the check of the name that a request comes by: a page elsewhere could point its own name here (DNS rebinding). */
export function createHostCheck(allowHosts: readonly string[]): (request: Request) => boolean {
  const known = new Set([...LOOPBACK, ...allowHosts].map(inUrl));
  return (request) => {
    const { hostname } = new URL(request.url);
    return known.has(hostname) || hostname.endsWith('.localhost');
  };
}

/** The origin that an address is reached at from this machine. */
export function originFor(host: string, port: number, scheme: 'http' | 'https'): string {
  const name = ['0.0.0.0', '::'].includes(host) ? 'localhost' : inUrl(host);
  return `${scheme}://${name}:${port}`;
}

/** A name or address as `URL` spells it. */
function inUrl(name: string): string {
  return new URL(`http://${isIPv6(name) ? `[${name}]` : name}`).hostname;
}
