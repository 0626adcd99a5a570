import { createAccess, type Access } from '../src/dashboard/access.js';
import type { ArmedFault, DashboardControl, FaultKind } from '../src/dashboard/control-part.js';
import { createDashboard } from '../src/dashboard/dashboard.js';
import { isOwnPath } from '../src/dashboard/parts.js';
import type { Sdk } from '../src/dashboard/visit.js';
import { variablesOf } from '../src/env/variables.js';
import type { EmulatorOptions } from '../src/index.js';
import { signJwt } from '../src/identity/signing-key.js';
import { createLocalKinde, type LocalKinde } from '../src/local-kinde.js';
import { serve } from '../src/serve.js';
import { findPerson } from '../src/state/sign-ins.js';
import type { State } from '../src/state/state.js';

/** A local Kinde with a dashboard, and a browser that may see it. */
export interface Opened {
  readonly local: LocalKinde;
  readonly access: Access;
  readonly control: DashboardControl;
  /** What the dashboard and the emulator answer, as on a port. */
  answer(request: Request): Promise<Response>;
  /** Asks as the browser that opened the dashboard, by a link or by a script of its pages. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a form as a page of the dashboard does. */
  post(
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Response>;
  /** The cookie of the browser. */
  readonly cookie: string;
  /** Serves it on a free port, until `close`. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

/** Kinds of faults that the dashboard of the tests knows. */
const CATALOGUE: readonly FaultKind[] = [
  {
    name: 'down',
    place: 'anywhere',
    imitates: 'Kinde cannot be reached: the connection closes without an answer.',
    goodClient: 'keeps users signed in as long as their tokens live, and tries again later.',
    parameters: {},
  },
  {
    name: 'slow',
    place: 'anywhere',
    imitates: 'Kinde or the network is slow.',
    goodClient: 'gives up after a few seconds and says so.',
    parameters: { seconds: { default: 5, meaning: 'Seconds until the answer.' } },
  },
  {
    name: 'token.lost-answer',
    place: 'token',
    imitates: 'The token endpoint did its work, but the answer never arrives.',
    goodClient: 'uses the refresh token again at once, within the overlap.',
    parameters: {},
  },
];

/** Opens the dashboard of a new local Kinde. */
export async function openDashboard(
  options: EmulatorOptions & { sdks?: readonly Sdk[] } = {},
): Promise<Opened> {
  const { sdks, ...rest } = options;
  const local = createLocalKinde(rest);
  const { state } = local;
  const access = createAccess(state);
  const control = controlOf(state);
  const dashboard = createDashboard({
    state,
    access,
    flows: local.flows,
    sdks,
    control,
  });
  const answer = async (request: Request) =>
    isOwnPath(new URL(request.url).pathname) ? dashboard(request) : local.answer(request);
  const { origin } = new URL(state.issuer);
  const opened = await answer(new Request(access.link()));
  const [cookie = ''] = (opened.headers.get('set-cookie') ?? '').split(';');
  let close = async () => {};
  return {
    local,
    access,
    control,
    answer,
    cookie,
    get: (path, headers) => answer(new Request(origin + path, { headers: { cookie, ...headers } })),
    post: (path, fields, headers = { origin }) =>
      answer(
        new Request(origin + path, {
          method: 'POST',
          body: new URLSearchParams(fields),
          headers: { cookie, ...headers },
        }),
      ),
    async listen() {
      const server = await serve(answer, { port: 0, host: 'localhost' });
      close = () => server.close();
      state.issuer = `http://localhost:${server.port}`;
      return state.issuer;
    },
    close: () => close(),
  };
}

/** The part of the control API that the dashboard asks, over the clock of the state and a list of faults. */
function controlOf(state: State): DashboardControl {
  let armed: ArmedFault[] = [];
  return {
    status: async () => ({
      environment: 'todos',
      version: '1.0.0',
      ...timeOf(state),
      faults: armed.map(({ name }) => name),
    }),
    env: async () => {
      const values = variablesOf(state);
      const lines = Object.entries(values).map(([name, value]) => `${name}=${value}`);
      return { values, text: lines.join('\n') };
    },
    clock: async () => ({
      now: state.clock.now(),
      real: state.clock.now() - timeOf(state).ahead,
      ...timeOf(state),
      ends: [...state.codes.values()].map(({ expiresAt, grantId }) => ({
        at: expiresAt,
        what: 'code',
        whose: grantId,
      })),
    }),
    async setClock({ advance, frozen, now }) {
      const from = state.clock.now();
      if (frozen !== undefined) {
        state.clock[frozen ? 'freeze' : 'unfreeze']();
      }
      if (now !== undefined) {
        state.clock.set(now);
      }
      if (advance !== undefined) {
        state.clock.advance(advance);
      }
      state.journal.append({ kind: 'clock', from, to: state.clock.now() });
    },
    async resetClock() {
      state.clock.reset();
      state.journal.append({ kind: 'clock', from: 0, to: state.clock.now() });
    },
    faults: async () => ({ catalogue: CATALOGUE, armed }),
    async armFault({ name, times, match }) {
      const id = `fault_${armed.length + 1}`;
      armed.push({ id, name, left: times, hits: 0, match });
      state.journal.append({ kind: 'fault', id, name, what: 'armed' });
    },
    async clearFaults(id) {
      refuseUnknown('armed fault', id === undefined || armed.some((one) => one.id === id));
      armed = armed.filter((one) => id !== undefined && one.id !== id);
      state.journal.append({ kind: 'fault', id: id ?? '', name: 'all', what: 'cleared' });
    },
    async createToken({ person, organization }) {
      refuseUnknown('user', findPerson(state, person) !== undefined);
      const claims = { sub: person, org_code: organization };
      return { token: await signJwt(state.key, claims), claims };
    },
    async nextSignIn({ person }) {
      refuseUnknown('user', findPerson(state, person) !== undefined);
    },
  };
}

function refuseUnknown(what: string, isKnown: boolean): void {
  if (!isKnown) {
    throw new RangeError(`There is no ${what}.`);
  }
}

function timeOf({ clock }: State) {
  const { ahead, frozenAt, speed } = clock.settings;
  return { ahead, frozen: frozenAt !== undefined, speed };
}
