import type { Emulator } from '@kindling/emulator';
import {
  KindeApiError,
  managementFromEnv,
  type Management,
  type ManagementEvent,
  type ManagementOptions,
} from '@kindling/management';

/** A client of the emulator's Management API, and what it does. */
export interface Client {
  readonly emulator: Emulator;
  readonly management: Management;
  readonly events: ManagementEvent[];
  /** What was sent, as it was sent; token requests are left out. */
  readonly sent: { method: string; url: string; headers: Headers; body: unknown }[];
  /** How many tokens were asked for. */
  tokens(): number;
  /** Answers requests to this path with these, one after the other, the last one for all that follow. */
  answer(path: string, ...answers: (() => Response | Promise<Response>)[]): void;
}

/** Keys cost a while, so the emulator is made once; what the client before did to it is forgotten. */
export function createClient(emulator: Emulator, options: Partial<ManagementOptions> = {}): Client {
  emulator.faults.clear();
  emulator.requests.length = 0;
  const scripts = new Map<string, () => Response | Promise<Response>>();
  const events: ManagementEvent[] = [];
  const sent: Client['sent'] = [];
  const fetch: typeof globalThis.fetch = (url, init) => {
    if (!String(url).endsWith('/oauth2/token')) {
      sent.push({
        method: init!.method!,
        url: String(url),
        headers: new Headers(init?.headers),
        body: typeof init?.body === 'string' ? JSON.parse(init.body) : init?.body,
      });
    }
    return emulator.fetch(url, init);
  };
  const management = managementFromEnv(emulator.env, {
    fetch,
    onEvent: (event) => void events.push(event),
    ...options,
  });
  return {
    emulator,
    management,
    events,
    sent,
    tokens: () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length,
    answer(path, ...answers) {
      let count = 0;
      if (!scripts.has(path)) {
        emulator.faults.always(path, () => scripts.get(path)!());
      }
      scripts.set(path, () => answers[Math.min(count++, answers.length - 1)]!());
    },
  };
}

/** A JSON answer, made anew for each request. */
export const json =
  (body: unknown, init: ResponseInit = {}) =>
  (): Response =>
    Response.json(body, init);

/** An answer that is only a status. */
export const status =
  (code: number, headers: Record<string, string> = {}, body: string | null = null) =>
  (): Response =>
    new Response(body, { status: code, headers });

/** An answer that breaks off, as a connection does that is reset. */
export const reset = (): Promise<Response> =>
  Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } }));

/** An answer that never comes. */
export const silence = (): Promise<Response> => new Promise(() => {});

/** The error that something ends with. */
export async function failure(work: PromiseLike<unknown>): Promise<KindeApiError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof KindeApiError) {
      return error;
    }
    throw error;
  }
  throw new Error('It worked.');
}

/** Waits for what happens in other tasks, however the clock is set. */
export async function until(happened: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5_000; turn += 1) {
    if (happened()) {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('It did not happen.');
}
