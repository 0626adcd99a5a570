import { portOf, start, stop, type Listener } from './listener.js';

const FREE_PORT_TRIES = 5;

/** A port on addresses of this machine. */
export interface Address {
  /** Port; 0 takes a free one. */
  readonly port: number;
  /** Addresses, of which only the first has to exist. */
  readonly hosts: readonly string[];
}

/** Takes the same port on every address: a stranger on the other one would get half of the requests to `localhost`. */
export async function bind(
  create: () => Listener,
  address: Address,
  tries = FREE_PORT_TRIES,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  try {
    for (const host of address.hosts) {
      await bindNext(listeners, create(), { host, port: address.port });
    }
  } catch (error) {
    await Promise.all(listeners.map(stop));
    // Another program has the free port that was found, on the other address.
    const isTaken = codeOf(error) === 'EADDRINUSE' && listeners.length > 0;
    if (isTaken && address.port === 0 && tries > 1) {
      return bind(create, address, tries - 1);
    }
    throw error;
  }
  return listeners;
}

async function bindNext(
  listeners: Listener[],
  listener: Listener,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const [first] = listeners;
  try {
    await start(listener, first ? portOf(first) : port, host);
    listeners.push(listener);
  } catch (error) {
    const code = codeOf(error);
    // Where there is no IPv6, one address is enough.
    if (!first || (code !== 'EADDRNOTAVAIL' && code !== 'EAFNOSUPPORT')) {
      throw error;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
