import { inspect } from 'node:util';
import type { Emulator } from '@kindling/emulator';
import { SECRET } from '../../kit/apps.js';
import type { Answer } from '../../kit/http.js';

/** Parameters whose values nobody may see who is not meant to. */
const SECRET_NAMES = /^(code|state|nonce|code_verifier|access_token|id_token|refresh_token)$/;

/** Every secret that passes by in a test: those of the app, and those of all requests and answers. */
export interface Secrets {
  readonly all: ReadonlySet<string>;
  /** The emulator's `fetch`, listened to. */
  readonly fetch: typeof fetch;
  /** Listens to an answer of the app: its cookies, and the address it leads to. */
  hear(answer: Answer): Answer;
  /** Listens to an address. */
  hearUrl(url: string): void;
  /** The secrets that a text holds. */
  foundIn(shown: unknown): string[];
}

/** Values of fewer characters are found everywhere. */
const SHORTEST = 12;

export function createSecrets(emulator: Emulator): Secrets {
  const all = new Set([emulator.env['KINDE_CLIENT_SECRET']!, SECRET]);
  const add = (value: unknown) => {
    if (typeof value === 'string' && value.length >= SHORTEST) {
      all.add(value);
    }
  };
  const hearParams = (params: Iterable<readonly [string, unknown]>) => {
    for (const [name, value] of params) {
      if (SECRET_NAMES.test(name)) {
        add(value);
      }
    }
  };
  const hearUrl = (url: string) => hearParams(new URL(url, 'https://app.example').searchParams);
  return {
    all,
    async fetch(input, init) {
      const request = new Request(input, init);
      add(request.headers.get('authorization')?.replace(/^\w+ /, ''));
      hearParams(new URLSearchParams(await request.clone().text()));
      const response = await emulator.fetch(request);
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => undefined);
      if (typeof body === 'object' && body !== null) {
        hearParams(Object.entries(body));
      }
      return response;
    },
    hear(answer) {
      for (const line of answer.setCookies) {
        add(/^[^=]+=([^;]*)/.exec(line)?.[1]);
      }
      if (answer.location) {
        hearUrl(answer.location);
      }
      return answer;
    },
    hearUrl,
    foundIn(shown) {
      const text = typeof shown === 'string' ? shown : print(shown);
      return [...all].filter((secret) => text.includes(secret));
    },
  };
}

/** Everything that a value shows to whoever prints it, in one way or the other. */
function print(shown: unknown): string {
  return [inspect(shown, { depth: 10, showHidden: true }), JSON.stringify(shown)].join('\n');
}
