// The client of the control API: the same methods as in process, over HTTP.
import * as v from 'valibot';
import { operations } from './control/contract.js';
import type { Control } from './control/control.js';
import { ControlError, STATUS, type ControlErrorCode } from './control/error.js';
import { inputOf, routeOf, type Operation } from './control/op.js';
import { untilOver } from './control/until.js';

export type * from './control/control.js';
export { ControlError, type ControlErrorCode } from './control/error.js';

/** Options of `connect`. */
export interface ConnectOptions {
  /** Address of the local Kinde, its issuer. `npx @kindling/emulator run` sets it as KINDE_EMULATOR_URL. */
  readonly url: string;
  /** Token of its control API. `npx @kindling/emulator run` sets it as KINDE_EMULATOR_TOKEN. */
  readonly token: string;
  /** Sends the requests. @default the global fetch */
  readonly fetch?: typeof globalThis.fetch;
}

/** Where to send requests, and how. */
interface Connection {
  readonly base: string;
  readonly token: string;
  readonly fetch: typeof globalThis.fetch;
}

/** Milliseconds beyond the time that a call waits for something. */
const TIMEOUT_MS = 30_000;

/**
 * Controls a local Kinde that runs in another process. Methods reject with a `ControlError`; where nothing answers, as `fetch`
 * does.
 * @throws TypeError without an address or a token
 * @example const kinde = connect({ url: 'http://localhost:4455', token }); await kinde.reset();
 */
export function connect({ url, token, fetch = globalThis.fetch }: ConnectOptions): Control {
  if (!URL.canParse(url) || !token) {
    throw new TypeError(
      'connect needs the address and the token of a local Kinde, url and token. Under npx @kindling/emulator run they are in the ' +
        'variables KINDE_EMULATOR_URL and KINDE_EMULATOR_TOKEN.',
    );
  }
  const base = `${new URL(url).origin}/emulator/api/v1`;
  const connection = {
    base,
    token,
    fetch,
  };
  const methods = operations.map(([name, operation]) => {
    const call = (...given: unknown[]) => ask(connection, operation, inputOf(operation, given));
    return [name, call] as const;
  });
  const control = Object.fromEntries(methods) as unknown as Omit<Control, 'until'>;
  return {
    ...control,
    until: untilOver(control.journal),
  };
}

async function ask(
  { base, token, fetch }: Connection,
  operation: Operation,
  input: object,
): Promise<unknown> {
  const { method, url, body } = requestOf(operation, input);
  const { wait = 0 } = input as { wait?: number };
  const response = await fetch(base + url, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS + Math.ceil(Number(wait) * 1_000)),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    throw errorOf(answer, response.status);
  }
  return answerOf(answer, operation);
}

/** Method, path with query, and body of an input. */
function requestOf(operation: Operation, input: object) {
  const { method, path } = routeOf(operation);
  const rest = new Map(Object.entries(input).filter(([, value]) => value !== undefined));
  const take = (name: string) => {
    const value = rest.get(name);
    rest.delete(name);
    return value === undefined ? undefined : encodeURIComponent(String(value));
  };
  const filled = path.replaceAll(/\/\{(\w+)\??\}/g, (_, name: string) => {
    const value = take(name);
    return value === undefined ? '' : `/${value}`;
  });
  if (method === 'GET' || method === 'DELETE') {
    const query = new URLSearchParams(
      [...rest].map(([name, value]): [string, string] => [name, String(value)]),
    );
    return {
      method,
      url: rest.size > 0 ? `${filled}?${query.toString()}` : filled,
      body: undefined,
    };
  }
  const content = operation.content;
  const sent = content === undefined ? Object.fromEntries(rest) : rest.get(content);
  return {
    method,
    url: filled,
    body: JSON.stringify(sent),
  };
}

function answerOf(answer: unknown, { returns, route }: Operation): unknown {
  const { success, output } = v.safeParse(returns, answer);
  if (success) {
    return output;
  }
  throw new ControlError(
    'failed',
    `The answer to ${route} is not one of a local Kinde of this release.`,
  );
}

function errorOf(answer: unknown, status: number): ControlError {
  const { code, detail } = (answer ?? {}) as { code?: unknown; detail?: unknown };
  if (typeof code === 'string' && Object.hasOwn(STATUS, code) && typeof detail === 'string') {
    return new ControlError(code as ControlErrorCode, detail);
  }
  const why = `Status ${status} came, not an answer of a local Kinde: is it the right address?`;
  return new ControlError('failed', why);
}
