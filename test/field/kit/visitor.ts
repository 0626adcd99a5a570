import { createHash } from 'node:crypto';
import type { Server } from 'node:http';
import type { Auth } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import { createKinde } from '@kindling/express';
import { vi } from 'vitest';
import { NAVIGATION, send, type Answer, type Ask } from '../../kit/http.js';
import type { Site } from './site.js';

interface Kept {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** The cookies that a browser has for one host, whatever the port. */
export interface Jar {
  keep(lines: readonly string[]): void;
  put(name: string, value: string): void;
  /** The `Cookie` header for a path. */
  header(path?: string): string;
  names(): string[];
  /** Characters of the `Cookie` header with everything in it. */
  size(): number;
}

/** A jar that refuses loudly what browsers refuse in silence. */
export function createJar(): Jar {
  const kept = new Map<string, Kept>();
  const put = (cookie: Kept) => void kept.set(`${cookie.name};${cookie.path}`, cookie);
  const all = () => [...kept.values()].map(({ name, value }) => `${name}=${value}`).join('; ');
  return {
    keep(lines) {
      for (const line of lines) {
        const [, name, value] = /^([^=;]+)=([^;]*)/.exec(line)!;
        const path = /;\s*path=([^;]+)/i.exec(line)?.[1] ?? '/';
        checkPrefix(name!, path, line);
        if (/;\s*max-age=0(;|$)/i.test(line)) {
          kept.delete(`${name};${path}`);
        } else if (name!.length + value!.length > 4096) {
          throw new Error(`A browser drops ${name}: it is too large.`);
        } else {
          put({ name: name!, value: value!, path });
        }
      }
    },
    put: (name, value) => put({ name, value, path: '/' }),
    header: (at = '/') =>
      [...kept.values()]
        .filter(({ path }) => covers(path, at))
        .sort((a, b) => b.path.length - a.path.length)
        .map(({ name, value }) => `${name}=${value}`)
        .join('; '),
    names: () => [...kept.values()].map(({ name }) => name),
    size: () => all().length,
  };
}

function checkPrefix(name: string, path: string, line: string): void {
  const isSecure = /;\s*secure(;|$)/i.test(line);
  if (/^__(host|secure)-/i.test(name) && !isSecure) {
    throw new Error(`A browser refuses ${name} without Secure.`);
  }
  if (/^__host-/i.test(name) && (path !== '/' || /;\s*domain=/i.test(line))) {
    throw new Error(`A browser refuses ${name} with a path or a domain.`);
  }
}

/** RFC 6265 5.1.4. */
function covers(path: string, at: string): boolean {
  return at === path || at.startsWith(path.endsWith('/') ? path : `${path}/`);
}

/** Someone at a browser. */
export interface Visitor {
  readonly jar: Jar;
  /**
   * Opens a path of the site, or an address at it. Nothing is followed; `location` is where a browser would go on to by
   * itself, by a redirect or by a page that says so.
   */
  open(target: string, ask?: Ask): Promise<Answer>;
  /** Opens `path`, signs in where that leads to, and opens the callback. */
  signIn(email?: string, path?: string, organization?: string): Promise<Answer>;
  /** Signs out by a form, and fails where that does not lead to Kinde. */
  signOut(): Promise<Answer>;
  /** The path of the callback that a sign-in would end with, not opened yet. */
  callbackFor(email?: string, path?: string, organization?: string): Promise<string>;
}

/** A visitor of a site, or of what stands in front of it, with a jar of their own unless they bring one. */
export function createVisitor(
  site: Pick<Site, 'url' | 'port'>,
  emulator: Emulator,
  jar = createJar(),
): Visitor {
  const server = { address: () => ({ port: site.port }) } as Server;
  const { host, origin } = new URL(site.url);
  const open = async (target: string, { headers = {}, ...ask }: Ask = {}) => {
    if (!target.startsWith('/') && new URL(target).origin !== origin) {
      throw new Error(`Not a page of ${origin}: ${target}`);
    }
    const path = target.startsWith('/')
      ? target
      : target.slice(origin.length).replace(/#.*/, '') || '/';
    const cookie = jar.header(path.replace(/\?.*/, ''));
    const answer = await send(server, path, {
      ...ask,
      headers: { host, ...NAVIGATION, ...(cookie && { cookie }), ...headers },
    });
    jar.keep(answer.setCookies);
    return { ...answer, location: answer.location || refreshOf(answer) };
  };
  const callbackFor = async (
    email = 'grace@example.com',
    path = '/login',
    organization?: string,
  ) => {
    let answer = await open(path);
    // A proxy that rewrites Host makes the app move people once.
    for (let hops = 0; hops < 3 && answer.location.startsWith(origin); hops += 1) {
      answer = await open(answer.location);
    }
    if (!answer.location) {
      throw new Error(`${path} leads nowhere: ${answer.status}`);
    }
    const back = await emulator.signIn(answer.location, {
      email,
      ...(organization && { organization }),
    });
    return back.pathname + back.search;
  };
  return {
    jar,
    open,
    callbackFor,
    async signOut() {
      const headers = { 'sec-fetch-site': 'same-origin', origin };
      const answer = await open('/logout', { method: 'POST', headers });
      if (!answer.location.startsWith(emulator.issuer)) {
        throw new Error(`Signing out leads nowhere: ${answer.status}`);
      }
      return answer;
    },
    signIn: async (email, path, organization) => open(await callbackFor(email, path, organization)),
  };
}

/** Where a page goes on to by itself. */
function refreshOf({ body, headers }: Answer): string {
  if (!String(headers['content-type']).startsWith('text/html')) {
    return '';
  }
  const found = /<meta http-equiv="refresh" content="\d+; *url=([^"]*)">/.exec(body)?.[1] ?? '';
  return found
    .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&amp;', '&');
}

/** Visits another process of the same app, which shares nothing but the secret and the store. Answers who it sees. */
export async function elsewhere(
  { options }: Pick<Site, 'options'>,
  jar: Jar,
  path = '/',
): Promise<Auth> {
  const get = (name: string) => (name.toLowerCase() === 'cookie' ? jar.header(path) || null : null);
  const { auth, cookies } = await createKinde(options).authenticate({
    method: 'GET',
    url: path,
    headers: { get },
  });
  jar.keep(cookies);
  return auth;
}

/** Lets time pass, for the app and the emulator alike. */
export const later = (seconds: number) =>
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });

/** Seconds after a sign-in when the session is due for a refresh, while its access token still lives. */
export const DUE = 86_395;

/** How often Kinde was asked for tokens. */
export const tokenCalls = (emulator: Emulator) =>
  emulator.requests.filter(({ path }) => path === '/oauth2/token').length;

/** Gives somebody these permissions in every organization, and no roles. */
export function grant(emulator: Emulator, email: string, permissions: readonly string[]): void {
  const person = emulator.state.people.find((one) => one.email === email);
  for (const membership of Object.values(person!.organizations)) {
    Object.assign(membership, { permissions: [...permissions], roles: [] });
  }
}

/** Permissions that no compression makes smaller. */
export const noise = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => {
    const digest = createHash('sha256')
      .update(String(from + index))
      .digest('base64url');
    return `custom:${digest.slice(0, 24)}`;
  });

/** Bytes of a response's head, as it goes over the wire. */
export function headBytes({ headers, status }: Answer): number {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${one}`),
  );
  return [`HTTP/1.1 ${status} Moved Permanently`, ...lines, '', ''].join('\r\n').length;
}

/** Bytes that the `Set-Cookie` values of a response take together. */
export const cookieBytes = ({ setCookies }: Answer) =>
  setCookies.reduce((sum, line) => sum + line.length, 0);
