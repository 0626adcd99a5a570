import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { own } from '@kindling/internal';
import onHeaders from 'on-headers';
import type { RequestAuth } from '../caller/auth.js';
import type { Logger } from '../diagnostics/log.js';
import type { Outlet } from '../entrance/enter.js';
import { errorCookies } from '../entrance/refusal.js';
import { mergeCookies, withField, withoutCookies } from '../http/headers.js';
import type { HttpRequest, Reply } from '../http/http.js';

/** Node's request, with what frameworks add to it. */
export type NodeRequest = IncomingMessage & {
  /** The address before a router took its prefix away. */
  readonly originalUrl?: string;
  /** The parsed body, where a body parser ran before. */
  readonly body?: unknown;
} & Logged;

/** What logging middleware adds to a request, such as pino-http; Fastify's own request has it, too. */
export interface Logged {
  /** The id of the request. */
  readonly id?: unknown;
  /** The logger of the request. */
  readonly log?: unknown;
}

/**
 * Node's request as the core wants it: of Express, Connect, Koa (`ctx.req`), Socket.IO, or of an upgrade. `logged` has its id
 * and logger.
 */
export function toHttpRequest(req: NodeRequest, logged: Logged = req): HttpRequest {
  return new Incoming(req, logged);
}

/** A class, so that the request that is known at once costs one small object: it is its own headers. */
class Incoming implements HttpRequest {
  readonly #req: NodeRequest;
  readonly #logged: Logged;

  constructor(req: NodeRequest, logged: Logged) {
    this.#req = req;
    this.#logged = logged;
  }

  get id(): string | undefined {
    const id = own(this.#logged, 'id');
    return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
  }

  get log(): Logger | undefined {
    const log = own(this.#logged, 'log');
    return isLogger(log) ? log : undefined;
  }

  get method(): string {
    return this.#req.method ?? 'GET';
  }

  get url(): string {
    return this.#req.originalUrl ?? this.#req.url ?? '/';
  }

  get headers(): this {
    return this;
  }

  get(name: string): string | null {
    const { headers } = this.#req;
    if (Object.hasOwn(headers, name)) {
      return headers[name]?.toString() ?? null;
    }
    return null;
  }

  /** Text and bytes that a body parser left are the body as it was sent; an object that it made is not. */
  get body(): AsyncIterable<Uint8Array> {
    const { body } = this.#req;
    if (isRaw(body)) {
      return Readable.from([Buffer.from(body)]);
    }
    return this.#req.iterator({ destroyOnReturn: false });
  }

  get bodyUsed(): boolean {
    return this.#req.readableDidRead && !isRaw(this.#req.body);
  }
}

/** A logger that is switched off, as Fastify's is by default, has no level. */
function isLogger(log: unknown): log is Logger {
  return typeof log === 'object' && log !== null && 'error' in log && 'level' in log;
}

function isRaw(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** A path in the form in which the router that takes this request compares paths. */
export type RoutePath<Request extends NodeRequest> = (req: Request, path: string) => string;

/** Node's response as an outlet for `kinde.enter`; the caller is kept as `req.kinde`. @param routePath exact by default */
export function toOutlet<Request extends NodeRequest>(
  req: Request,
  res: ServerResponse,
  routePath: RoutePath<Request> = (_req, path) => path,
): Outlet {
  return new Outgoing(req, res, routePath as RoutePath<NodeRequest>);
}

class Outgoing implements Outlet {
  readonly #req: NodeRequest & { kinde?: RequestAuth };
  readonly #res: ServerResponse;
  readonly #routePath: RoutePath<NodeRequest>;

  constructor(req: NodeRequest, res: ServerResponse, routePath: RoutePath<NodeRequest>) {
    this.#req = req;
    this.#res = res;
    this.#routePath = routePath;
  }

  routePath(path: string): string {
    return this.#routePath(this.#req, path);
  }

  get canSetCookies(): boolean {
    return canSetCookies(this.#req, this.#res);
  }

  setCookies(lines: readonly string[]): void {
    setCookies(this.#res, lines);
  }

  vary(field: string): void {
    if (!this.#res.headersSent) {
      this.#res.setHeader('Vary', withField(this.#res.getHeader('Vary'), field));
    }
  }

  callerChanged(caller: RequestAuth): void {
    this.#req.kinde = caller;
  }
}

/** A framework's response that keeps headers of its own until the head is written: Fastify's reply, by its shape. */
export interface FrameworkReply {
  /** Node's response. */
  readonly raw: ServerResponse;
  /** True from the answer on, or from the moment at which the app took the response over. */
  readonly sent: boolean;
  /** The header that the framework would write. */
  getHeader(name: string): number | string | string[] | undefined;
  /** Sets a header that the framework is to write. */
  header(name: string, value: string): unknown;
}

/** A request of such a framework. */
export interface FrameworkRequest {
  /** Node's request. */
  readonly raw: IncomingMessage;
  /** The caller. */
  kinde: RequestAuth;
}

/** Such a response as an outlet for `kinde.enter`; the caller is kept as `request.kinde`. */
export function toReplyOutlet(request: FrameworkRequest, reply: FrameworkReply): Outlet {
  return new Replying(request, reply);
}

class Replying implements Outlet {
  readonly #request: FrameworkRequest;
  readonly #reply: FrameworkReply;

  constructor(request: FrameworkRequest, reply: FrameworkReply) {
    this.#request = request;
    this.#reply = reply;
  }

  get canSetCookies(): boolean {
    return !this.#reply.sent && canSetCookies(this.#request.raw, this.#reply.raw);
  }

  setCookies(lines: readonly string[]): void {
    setCookies(this.#reply.raw, lines);
  }

  vary(field: string): void {
    this.#reply.header('vary', withField(this.#reply.getHeader('vary'), field));
  }

  callerChanged(caller: RequestAuth): void {
    this.#request.kinde = caller;
  }
}

/** Can this response still carry cookies? An upgrade has none: its head is written by the WebSocket server. */
function canSetCookies(req: IncomingMessage, res: ServerResponse): boolean {
  return !res.headersSent && !isUpgrade(req);
}

/** HTTP/2 is offered to servers that go on with HTTP/1.1; every other upgrade takes the connection over. */
function isUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade !== undefined && !/^h2c?$/i.test(headers.upgrade);
}

/** The lines that wait for the head of a response. */
const WAITING = Symbol('kinde cookies');

/**
 * Sets cookies when the head is written, so that nobody who writes `Set-Cookie` before can replace them by accident, and
 * forbids caches to keep the response. A line for the same cookie that was written later, by hand, wins.
 */
export function setCookies(
  res: ServerResponse & { [WAITING]?: readonly string[] },
  lines: readonly string[],
): void {
  if (lines.length === 0 || res.headersSent) {
    return;
  }
  const waiting = res[WAITING];
  if (waiting) {
    res[WAITING] = mergeCookies(waiting, lines);
    return;
  }
  res[WAITING] = lines;
  onHeaders(res, function (this: ServerResponse & { [WAITING]?: readonly string[] }) {
    const written = this.getHeader('Set-Cookie');
    const left = withoutCookies(this[WAITING] ?? [], written);
    // A framework that writes the headers of an error may do so more than once.
    this.setHeader('Set-Cookie', [...new Set(mergeCookies(written, left))]);
    this.setHeader('Cache-Control', 'private, no-store');
  });
}

/**
 * Puts the cookies of an error on the response to which it leads: those of a login or session that it ended. Adapters call
 * it before they pass an error to their framework.
 */
export function setErrorCookies(res: ServerResponse, error: unknown): void {
  setCookies(res, errorCookies(error));
}

/** Writes an answer of the core as it is. */
export function sendReply(res: ServerResponse, { status, headers, cookies, body }: Reply): void {
  for (const [name, value] of Object.entries(headers)) {
    res.setHeader(name, value);
  }
  setCookies(res, cookies);
  res.statusCode = status;
  res.end(body);
}
