import { createAccess, type Access } from '../src/dashboard/access.js';
import type { Control } from '../src/control/control.js';
import { createDashboard } from '../src/dashboard/dashboard.js';
import { isOwnPath } from '../src/dashboard/parts.js';
import type { Sdk } from '../src/dashboard/visit.js';
import type { EmulatorOptions } from '../src/index.js';
import { createLocalKinde, type LocalKinde } from '../src/local-kinde.js';
import { serve } from '../src/serve.js';

/** A local Kinde with a dashboard, and a browser that may see it. */
export interface Opened {
  readonly local: LocalKinde;
  readonly access: Access;
  readonly control: Control;
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

/** Opens the dashboard of a new local Kinde. */
export async function openDashboard(
  options: EmulatorOptions & { sdks?: readonly Sdk[] } = {},
): Promise<Opened> {
  const { sdks, ...rest } = options;
  const local = createLocalKinde(rest);
  const { control, state } = local;
  const access = createAccess(state);
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
      state.issuer = server.url;
      return state.issuer;
    },
    close: () => close(),
  };
}
