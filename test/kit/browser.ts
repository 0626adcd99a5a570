import type { Server } from 'node:http';
import type { Emulator } from '@kindling/emulator';
import { NAVIGATION, send, type Answer, type Ask } from './http.js';

/** A person at a browser: keeps cookies, opens pages, signs in at the emulator. */
export interface Browser {
  readonly jar: Map<string, string>;
  open(path: string, ask?: Ask): Promise<Answer>;
  /** Opens `path`, signs in where that leads to, and answers the page after the callback's redirect. */
  signIn(email: string, path?: string, organization?: string): Promise<Answer>;
  /** The callback request that a sign-in would end with, not sent yet. */
  callbackFor(email: string, path?: string, organization?: string): Promise<string>;
}

export function createBrowser(server: Server, emulator: Emulator): Browser {
  const jar = new Map<string, string>();
  const open = async (path: string, { headers = {}, ...ask }: Ask = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(server, path, {
      ...ask,
      headers: { ...NAVIGATION, ...(cookie && { cookie }), ...headers },
    });
    keep(jar, answer.setCookies);
    return answer;
  };
  const callbackFor = async (email: string, path = '/login', organization?: string) => {
    const { location } = await open(path);
    const back = await emulator.signIn(location, { email, ...(organization && { organization }) });
    return back.pathname + back.search;
  };
  return {
    jar,
    open,
    callbackFor,
    signIn: async (email, path, organization) => open(await callbackFor(email, path, organization)),
  };
}

/** What a browser does with `Set-Cookie`. */
export function keep(jar: Map<string, string>, setCookies: readonly string[]): void {
  for (const line of setCookies) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
    if (/;\s*max-age=0(;|$)/i.test(line)) {
      jar.delete(name!);
    } else {
      jar.set(name!, value!);
    }
  }
}
