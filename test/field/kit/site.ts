import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  memoryStore,
  type Auth,
  type HttpRequest,
  type Kinde,
  type KindeOptions,
  type Redirect,
} from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import * as onExpress from '@kindling/express';
import * as onFastify from '@kindling/fastify';
import createExpress, { type Express } from 'express';
import createFastify, { type FastifyInstance } from 'fastify';
import { optionsFor, SITE } from '../../kit/apps.js';

export const FRAMEWORKS = ['express', 'fastify'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** Where sessions live: in the cookie, in the cookie with a coordination store, in a store. */
export const MODES = ['cookie', 'coordination', 'store'] as const;
export type Mode = (typeof MODES)[number];

/** Every framework with every kind of session, or with some of them. */
export const rowsOf = (modes: readonly Mode[] = MODES) =>
  FRAMEWORKS.flatMap((framework) => modes.map((mode) => [framework, mode] as const));

/** The session options of a mode: idle for longer than an access token lives, with a store that no other test uses. */
export function sessionOf(mode: Mode): NonNullable<KindeOptions['session']> {
  const idle = 3 * 86_400;
  if (mode === 'cookie') {
    return { idle };
  }
  return mode === 'coordination'
    ? { idle, coordination: memoryStore() }
    : { idle, store: memoryStore() };
}

/** What a handler of `Place.handle` gets, in the same words for every framework. */
export interface Call {
  readonly auth: onExpress.RequestAuth;
  readonly request: HttpRequest;
  readonly sdk: Kinde;
  header(name: string, value: string | string[]): void;
  redirect(to: Redirect): string;
}

/** One route of an app. */
export interface Place {
  readonly path: string;
  readonly methods?: readonly ('GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE')[];
  /** Guarded by this; public where it is absent. */
  readonly guard?: onExpress.Guard;
  readonly rule?: { live?: boolean; crossOrigin?: boolean };
  /** @default answers who is calling, as JSON */
  handle?(call: Call): unknown;
}

/** What an app is made of. What is for one framework only is done by its own function. */
export interface Plan {
  readonly options?: Partial<KindeOptions>;
  readonly places?: readonly Place[];
  readonly express?: (app: Express, sdk: Kinde) => void;
  readonly fastify?: (app: FastifyInstance, sdk: Kinde) => unknown;
  /** Added before Kinde is. */
  readonly first?: Pick<Plan, 'express' | 'fastify'>;
  readonly fastifyOptions?: object;
  /** Where to listen. @default the port of `siteUrl`; a free one for `https` */
  readonly port?: number;
}

/** An app that listens. */
export interface Site {
  /** As browsers know it. */
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly sdk: Kinde;
  readonly options: KindeOptions;
  close(): Promise<void>;
}

const everywhere: Place[] = [
  { path: '/' },
  { path: '/me' },
  { path: '/private', guard: {} },
  { path: '/t/:n', guard: {} },
  {
    path: '/todos',
    methods: ['POST', 'PUT', 'PATCH', 'DELETE'],
    guard: {},
    handle: () => 'saved',
  },
];

/** Who is calling, in a few words. */
export const callerOf = (auth: Auth) => ({
  isAuthenticated: auth.isAuthenticated,
  email: auth.isAuthenticated && !auth.isMachine ? auth.user.email : null,
  reason: auth.isAuthenticated ? null : auth.reason,
  organization: auth.getOrganization()?.orgCode ?? null,
});

/** Starts an app at `https://app.example`, or where `options.siteUrl` says. */
export async function startSite(
  framework: Framework,
  emulator: Emulator,
  plan: Plan = {},
): Promise<Site> {
  const options = optionsFor(emulator, plan.options);
  const sdk = onExpress.createKinde(options);
  const server = framework === 'express' ? expressApp(sdk, plan) : await fastifyApp(sdk, plan);
  const { protocol, port: own } = new URL(options.siteUrl);
  const port = plan.port ?? (protocol === 'http:' ? Number(own) : 0);
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  return {
    url: options.siteUrl,
    port: (server.address() as AddressInfo).port,
    server,
    sdk,
    options,
    close: () => close(server),
  };
}

/** Lets the emulator's application return to another site. */
export function register(emulator: Emulator, url: string): void {
  for (const application of emulator.state.applications) {
    application.redirectUris.push(`${url}/callback`);
    application.logoutUris.push(url, `${url}/`);
  }
}

/** Closes a server, and lets clients of this process notice that their connections are gone. */
export async function close(server: Server): Promise<void> {
  const over = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await over;
  for (let turn = 0; turn < 3; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function expressApp(sdk: Kinde, plan: Plan): Server {
  const app = createExpress();
  plan.first?.express?.(app, sdk);
  app.use(onExpress.kinde(sdk));
  plan.express?.(app, sdk);
  for (const { path, methods = ['GET'], guard, rule, handle } of [
    ...(plan.places ?? []),
    ...everywhere,
  ]) {
    const guards = guard === undefined ? [] : [onExpress.protect(guard, rule)];
    for (const method of methods) {
      app[method.toLowerCase() as 'get'](path, ...guards, async (req, res) => {
        const answer = await (handle ?? whoIs)({
          auth: req.kinde,
          request: onExpress.toHttpRequest(req),
          sdk,
          header: (name, value) => void res.append(name, value),
          redirect: ({ location, cookies }) => {
            res
              .status(303)
              .append('Set-Cookie', [...cookies])
              .location(location);
            return '';
          },
        });
        res.send(answer);
      });
    }
  }
  return createServer(app);
}

async function fastifyApp(sdk: Kinde, plan: Plan): Promise<Server> {
  const app = createFastify(plan.fastifyOptions ?? {});
  await plan.first?.fastify?.(app, sdk);
  await app.register(onFastify.kinde, sdk);
  await plan.fastify?.(app, sdk);
  // The fields of a form do not matter to these tests.
  app.addContentTypeParser('application/x-www-form-urlencoded', (_request, payload, done) => {
    payload.resume().on('end', () => done(null, {}));
  });
  const own = new Set((plan.places ?? []).map(({ path }) => path));
  const rest = everywhere.filter(({ path }) => !own.has(path));
  for (const { path, methods = ['GET'], guard, rule, handle } of [
    ...(plan.places ?? []),
    ...rest,
  ]) {
    app.route({
      method: [...methods],
      url: path,
      ...(guard !== undefined && { onRequest: onFastify.protect(guard, rule) }),
      handler: async (request, reply) =>
        (handle ?? whoIs)({
          auth: request.kinde,
          request: onFastify.toHttpRequest(request),
          sdk,
          header: (name, value) => void reply.header(name, value),
          redirect: ({ location, cookies }) => {
            reply
              .code(303)
              .header('set-cookie', [...cookies])
              .header('location', location);
            return '';
          },
        }),
    });
  }
  await app.ready();
  return app.server;
}

const whoIs = ({ auth }: Call) => callerOf(auth);

export { SITE };
