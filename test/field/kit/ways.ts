import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RequestHandler } from 'express';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What handlers of these ways say, whichever way they say it. */
export const PUBLIC = 'public, max-age=60';
const HEAD = { 'Set-Cookie': 'own=1; Path=/', 'Cache-Control': PUBLIC };
const PAGE = fileURLToPath(import.meta.url);

/** How a handler can answer, and whether it sets a cookie of its own. */
export interface Way<Handler> {
  readonly handler: Handler;
  readonly status?: number;
  readonly hasOwnCookie?: boolean;
  readonly method?: string;
}

const express = (
  handler: RequestHandler,
  more: Omit<Way<RequestHandler>, 'handler'> = {},
): Way<RequestHandler> => ({
  handler,
  hasOwnCookie: true,
  ...more,
});
const nothing = { hasOwnCookie: false };

/** Ways in which an Express handler writes a response, as people write them. */
export const expressWays: Record<string, Way<RequestHandler>> = {
  'writeHead with an object': express((_req, res) => void res.writeHead(200, HEAD).end('x')),
  'writeHead with a message': express(
    (_req, res) => void res.writeHead(200, 'Fine', HEAD).end('x'),
  ),
  'writeHead with a list': express(
    (_req, res) => void res.writeHead(200, Object.entries(HEAD).flat()).end('x'),
  ),
  'writeHead with two cookies': express(
    (_req, res) => void res.writeHead(200, { ...HEAD, 'Set-Cookie': ['own=1', 'two=2'] }).end('x'),
  ),
  'writeHead with names in capitals': express(
    (_req, res) =>
      void res.writeHead(200, { 'SET-COOKIE': 'own=1', 'CACHE-CONTROL': PUBLIC }).end('x'),
  ),
  'writeHead after set': express(
    (_req, res) => void res.set('X-A', '1').writeHead(200, HEAD).end('x'),
  ),
  'writeHead without headers': express(
    (_req, res) => void res.set('Cache-Control', PUBLIC).writeHead(200).end(),
    nothing,
  ),
  'res.set': express((_req, res) => void res.set(HEAD).send('x')),
  'setHeader with a list': express((_req, res) => {
    res.setHeader('Cache-Control', PUBLIC).setHeader('Set-Cookie', ['own=1', 'two=2']).end('x');
  }),
  setHeaders: express((_req, res) => void res.setHeaders(new Headers(HEAD)).end('x')),
  'res.cookie': express(
    (_req, res) => void res.set('Cache-Control', PUBLIC).cookie('own', '1').send('x'),
  ),
  'res.append': express((_req, res) => void res.append('Set-Cookie', 'own=1').send('x')),
  'removing the header': express((_req, res) => {
    res.removeHeader('Set-Cookie');
    res.send('x');
  }, nothing),
  'removing every header': express((_req, res) => {
    for (const name of res.getHeaderNames()) {
      res.removeHeader(name);
    }
    res.set(HEAD).send('x');
  }),
  flushHeaders: express((_req, res) => {
    res.set(HEAD).flushHeaders();
    res.write('x');
    res.end('y');
  }),
  'write before a status': express((_req, res) => {
    res.set(HEAD).write('x');
    res.end();
  }),
  'a stream': express((_req, res) => void Readable.from(['x', 'y']).pipe(res.set(HEAD))),
  'a file with a lifetime': express(
    (_req, res) => void res.cookie('own', '1').sendFile(PAGE, { maxAge: 60_000 }),
  ),
  'a redirect': express((_req, res) => void res.set(HEAD).redirect('/'), { status: 302 }),
  'no content': express((_req, res) => void res.set(HEAD).status(204).end(), { status: 204 }),
  'not modified': express((_req, res) => void res.set(HEAD).status(304).end(), { status: 304 }),
  'an error': express(
    (_req, res) => {
      res.set(HEAD);
      throw Object.assign(new Error('as it should'), { status: 500 });
    },
    { status: 500, hasOwnCookie: false },
  ),
  'an error passed on': express((_req, _res, next) => next({ status: 418 }), {
    status: 418,
    hasOwnCookie: false,
  }),
  'nobody’s page': express((_req, _res, next) => next(), { status: 404, hasOwnCookie: false }),
  HEAD: express((_req, res) => void res.writeHead(200, HEAD).end(), { method: 'HEAD' }),
};

type FastifyHandler = (request: FastifyRequest, reply: FastifyReply) => unknown;
const fastify = (
  handler: FastifyHandler,
  more: Omit<Way<FastifyHandler>, 'handler'> = {},
): Way<FastifyHandler> => ({
  handler,
  hasOwnCookie: true,
  ...more,
});

/** Ways in which a Fastify handler writes a response. */
export const fastifyWays: Record<string, Way<FastifyHandler>> = {
  'reply.header': fastify((_request, reply) =>
    reply.header('Cache-Control', PUBLIC).header('Set-Cookie', 'own=1').send('x'),
  ),
  'reply.headers': fastify((_request, reply) => reply.headers(HEAD).send('x')),
  'reply.headers with two cookies': fastify((_request, reply) =>
    reply.headers({ ...HEAD, 'Set-Cookie': ['own=1', 'two=2'] }).send('x'),
  ),
  'removing the header': fastify((_request, reply) => {
    reply.removeHeader('set-cookie').removeHeader('cache-control');
    return 'x';
  }, nothing),
  'raw.setHeader': fastify((_request, reply) => {
    reply.raw.setHeader('Set-Cookie', 'own=1');
    return reply.header('cache-control', PUBLIC).send('x');
  }),
  'raw.writeHead': fastify((_request, reply) => {
    reply.raw.writeHead(200, HEAD).end('x');
    return reply;
  }),
  'raw.writeHead with a list, hijacked': fastify((_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, Object.entries(HEAD).flat()).end('x');
  }),
  'raw.write, hijacked': fastify((_request, reply) => {
    reply.hijack();
    reply.raw.setHeader('Set-Cookie', ['own=1']).write('x');
    reply.raw.end();
  }),
  'raw.flushHeaders, hijacked': fastify((_request, reply) => {
    reply.hijack();
    reply.raw.setHeader('Set-Cookie', 'own=1').flushHeaders();
    reply.raw.end('x');
  }),
  'a stream': fastify((_request, reply) => reply.headers(HEAD).send(Readable.from(['x', 'y']))),
  'a web response': fastify((_request, reply) => reply.send(new Response('x', { headers: HEAD }))),
  'a redirect': fastify((_request, reply) => reply.headers(HEAD).redirect('/'), { status: 302 }),
  'no content': fastify((_request, reply) => reply.headers(HEAD).code(204).send(), { status: 204 }),
  'not modified': fastify((_request, reply) => reply.headers(HEAD).code(304).send(), {
    status: 304,
  }),
  'an error': fastify(
    (_request, reply) => {
      reply.header('cache-control', PUBLIC);
      throw new Error('as it should');
    },
    { status: 500, hasOwnCookie: false },
  ),
  'nobody’s page': fastify(
    (_request, reply) => reply.header('cache-control', PUBLIC).callNotFound(),
    {
      status: 404,
      hasOwnCookie: false,
    },
  ),
  HEAD: fastify((_request, reply) => reply.headers(HEAD).send('x'), { method: 'HEAD' }),
};
