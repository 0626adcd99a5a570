import { setTimeout as sleep } from 'node:timers/promises';
import { rotateKeys } from '../state/keys.js';
import { ConnectionLost } from './connection.js';
import { KINDE_PATHS } from './paths.js';
import { row, within, type FaultRow } from './row.js';

const TOKEN = ['/oauth2/token'];

/** Every fault that can be armed by name. A new one is a new row, and a test that shows what a good client does. */
export const FAULTS: readonly FaultRow[] = [
  row({
    name: 'down',
    place: 'anywhere',
    imitates: 'Kinde cannot be reached: the connection closes without an answer.',
    goodClient:
      'Says that it is a failure of the service, keeps its sessions, and tries again later.',
    paths: KINDE_PATHS,
    apply: async () => {
      throw new ConnectionLost();
    },
  }),
  row({
    name: 'slow',
    place: 'anywhere',
    imitates: 'An answer that takes its time.',
    goodClient: 'Gives up after a time of its own, and holds up no other request.',
    paths: KINDE_PATHS,
    parameters: { seconds: { default: 5, meaning: 'Seconds of real time before the answer.' } },
    check: within('seconds', 0, 3_600),
    async apply({ request, next, with: { seconds } }) {
      await sleep(Number(seconds) * 1_000, undefined, { signal: request.signal });
      return next();
    },
  }),
  row({
    name: 'error',
    place: 'anywhere',
    imitates: 'A service that fails: the request is not carried out.',
    goodClient: 'Tells a failure of the service from a refusal, and ends no session for it.',
    paths: KINDE_PATHS,
    parameters: {
      status: {
        default: 503,
        meaning: 'Status of the response, from 400 to 599.',
      },
      body: { default: '{"error":"server_error"}', meaning: 'Body of the response.' },
    },
    check: within('status', 400, 599),
    apply: async ({ with: { status, body } }) =>
      new Response(String(body), {
        status: Number(status),
        headers: { 'content-type': typeOf(String(body)), 'cache-control': 'no-store' },
      }),
  }),
  row({
    name: 'token.lost-answer',
    place: 'token',
    imitates:
      'The token endpoint did its work, and the connection broke before the answer arrived.',
    goodClient: 'Repeats a refresh with the same token within the overlap; starts a sign-in anew.',
    paths: TOKEN,
    async apply({ next }) {
      await next();
      throw new ConnectionLost();
    },
  }),
  row({
    name: 'keys.rotated',
    place: 'keys',
    imitates:
      'A new signing key before the next request is answered; the old one is published no longer.',
    goodClient: 'Fetches the keys again for an unknown key id, once, and accepts the new tokens.',
    paths: KINDE_PATHS,
    parameters: {
      keepOld: { default: 0, meaning: 'Seconds for which the old key stays published.' },
    },
    check: within('keepOld', 0, 31_536_000),
    async apply({ next, state, with: { keepOld } }) {
      await rotateKeys(state, Number(keepOld));
      return next();
    },
  }),
];

function typeOf(body: string): string {
  return /^\s*[[{]/.test(body) ? 'application/json' : 'text/html; charset=utf-8';
}
