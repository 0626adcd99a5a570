import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { Writable } from 'node:stream';
import { inspect } from 'node:util';
import type { AuditEvent, Kinde, KindeError, KindeEvent, KindeOptions } from '@kindling/core';
import { createKinde, memoryStore } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import createExpress from 'express';
import createFastify, { type FastifyBaseLogger } from 'fastify';
import { vi } from 'vitest';
import { optionsFor } from '../../kit/apps.js';

/** Who writes log lines: the option `logger`, the framework's logger of each request, or nobody. */
export type Sink = 'option' | 'framework' | 'stderr';
export const FRAMEWORKS = ['express', 'fastify'] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** A log line: its level, its message and whatever else it says. */
export type Line = Readonly<Record<string, unknown>> & { level: string; msg: string };

/** Everything that the operator of an app is told. */
export interface Told {
  readonly events: KindeEvent[];
  readonly audit: AuditEvent[];
  /** Log lines of ours. */
  readonly lines: Line[];
  /** Texts on stderr. */
  readonly printed: string[];
  /** Warnings of the process. */
  readonly warnings: string[];
}

/** An app that tells everything it can. */
export interface Site {
  readonly server: Server;
  readonly kinde: Kinde;
  readonly told: Told;
  close(): Promise<void>;
}

/** An app of this framework at this emulator. */
export async function startSite(
  framework: Framework,
  emulator: Emulator,
  { sink = 'option', ...options }: Partial<KindeOptions> & { sink?: Sink } = {},
): Promise<Site> {
  const told: Told = { events: [], audit: [], lines: [], printed: [], warnings: [] };
  vi.spyOn(console, 'error').mockImplementation(
    (...texts) => void told.printed.push(texts.map((text) => inspect(text)).join(' ')),
  );
  vi.spyOn(process, 'emitWarning').mockImplementation(((text: string, more: object) => {
    told.warnings.push(`${text} ${inspect(more)}`);
  }) as never);
  const kinde = createKinde(
    optionsFor(emulator, {
      onEvent: (event) => void told.events.push(event),
      onAudit: (event) => void told.audit.push(event),
      ...(sink === 'option' && { logger: loggerTo(told.lines) }),
      ...options,
    }),
  );
  const started = await start[framework](kinde, sink === 'framework' ? told.lines : undefined);
  return { kinde, told, ...started };
}

/** A logger in pino's shape, to which `console` fits, too. */
export function loggerTo(lines: Line[]): NonNullable<KindeOptions['logger']> {
  const write = (level: string) => (details: object, msg: string) =>
    void lines.push({ ...details, level, msg });
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
  };
}

/** Where pino writes: one JSON text a line. Lines of the framework's own are left out. */
function streamTo(lines: Line[]): Writable {
  const names: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' };
  return new Writable({
    write(chunk, _encoding, done) {
      for (const text of String(chunk).trim().split('\n')) {
        const line = JSON.parse(text) as Line;
        if ('code' in line) {
          lines.push({ ...line, level: names[Number(line.level)]! });
        }
      }
      done();
    },
  });
}

const pinoTo = (lines: Line[]) => ({ level: 'debug', stream: streamTo(lines) });

/** What the app does itself, in words that fit both frameworks. */
const OWN: Readonly<Record<string, (kinde: Kinde, auth: express.Auth) => Promise<unknown>>> = {
  '/profile': async (_kinde, auth) => auth.isAuthenticated && auth.profile(),
  '/revoke': (kinde) => kinde.sessions.revokeUser('kp_1'),
};
const OPEN = ['/', '/me'];
const GUARDS: Readonly<Record<string, express.Guard>> = {
  '/private': {},
  '/admin': { permissions: 'never:granted' },
};
const LIVE = { permissions: 'delete:todos' };

/** An error that the app was given, as an answer. */
const answerOf = ({ code, docs }: KindeError) => ({ code, type: docs });

type Started = Pick<Site, 'server' | 'close'>;
type Start = (kinde: Kinde, lines: Line[] | undefined) => Promise<Started>;

const start: Readonly<Record<Framework, Start>> = {
  async express(kinde, lines) {
    const app = createExpress();
    if (lines) {
      app.use(pinoHttp(createFastify({ logger: pinoTo(lines) }).log));
    }
    app.use(express.kinde(kinde));
    app.get(OPEN, (req, res) => void res.json({ isAuthenticated: req.kinde.isAuthenticated }));
    for (const [path, guard] of Object.entries(GUARDS)) {
      app.all(path, express.protect(guard), (_req, res) => void res.json({}));
    }
    app.get('/live', express.protect(LIVE, { live: true }), (_req, res) => void res.json({}));
    for (const [path, work] of Object.entries(OWN)) {
      app.get(path, (req, res) => {
        work(kinde, req.kinde).then(
          () => void res.json({}),
          (error: KindeError) => void res.status(error.statusCode).json(answerOf(error)),
        );
      });
    }
    app.get('/late', (req, res) => {
      res.writeHead(200);
      req.kinde.refresh().catch((error: KindeError) => res.end(JSON.stringify(answerOf(error))));
    });
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      server,
      close: () => {
        server.closeAllConnections();
        return new Promise<void>((resolve) => server.close(() => resolve()));
      },
    };
  },
  async fastify(kinde, lines) {
    const app = createFastify({ logger: lines ? pinoTo(lines) : false });
    await app.register(fastify.kinde, kinde);
    for (const path of OPEN) {
      app.get(path, async ({ kinde: { isAuthenticated } }) => ({ isAuthenticated }));
    }
    for (const [path, guard] of Object.entries(GUARDS)) {
      app.all(path, { onRequest: fastify.protect(guard) }, async () => ({}));
    }
    app.get('/live', { onRequest: fastify.protect(LIVE, { live: true }) }, async () => ({}));
    for (const [path, work] of Object.entries(OWN)) {
      app.get(path, async (request, reply) =>
        work(kinde, request.kinde).then(
          () => ({}),
          (error: KindeError) => reply.code(error.statusCode).send(answerOf(error)),
        ),
      );
    }
    app.get('/late', (request, reply) => {
      reply.hijack();
      reply.raw.writeHead(200);
      request.kinde
        .refresh()
        .catch((error: KindeError) => reply.raw.end(JSON.stringify(answerOf(error))));
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return { server: app.server, close: () => app.close() };
  },
};

/** Gives each request an id and a logger, as pino-http does. */
function pinoHttp(log: FastifyBaseLogger): createExpress.RequestHandler {
  return (req, _res, next) => {
    const id = randomUUID();
    Object.assign(req, { id, log: log.child({ req: { id } }) });
    next();
  };
}

/** Options of an app whose sessions Kinde can revoke. */
export const withBackchannel = () => ({
  paths: { backchannelLogout: '/backchannel-logout' },
  session: { store: memoryStore() },
});
