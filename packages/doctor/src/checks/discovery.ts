import { ask, type Answer } from '../ask.js';
import { describe } from '../describe.js';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import type { App } from './environment.js';

/** Kinde, as it answers. */
export interface Provider {
  readonly answer: Answer;
  /** Absent where the app could not use what Kinde says about itself. */
  readonly endpoints?: Endpoints;
}

/** Where things are asked. */
export interface Endpoints {
  readonly token: string;
  /** Where the app would send somebody who signs in, or out. */
  readonly login: URL;
  readonly logout: URL;
}

const NOBODY = {
  method: 'GET',
  url: '/',
  headers: { get: () => null },
};

/** Whether Kinde is there and describes itself so that the app takes it, and publishes keys to verify tokens with. */
export async function checkDiscovery(
  { issuer, kinde }: App,
  { fetch }: Settings,
): Promise<Checked<Provider>> {
  const { host } = new URL(issuer);
  const answer = await ask(fetch, `${issuer}/.well-known/openid-configuration`);
  if (typeof answer === 'string') {
    return {
      statements: [
        say(
          'failed',
          `${host} does not answer: ${answer}.`,
          'Compare KINDE_ISSUER_URL, and look at DNS and firewalls.',
        ),
      ],
    };
  }
  try {
    // The same road as a sign-in, so that what passes here passes there.
    const login = await kinde.login(NOBODY, { prompt: 'none' });
    const logout = await kinde.logout(NOBODY);
    const {
      token_endpoint: token,
      jwks_uri: keys,
      kindling_emulator: emulator,
    } = answer.json ?? {};
    if (![token, keys].every((url) => isOn(issuer, url))) {
      return {
        statements: [say('failed', `${host} describes itself differently each time.`)],
        found: { answer },
      };
    }
    const endpoints = {
      token: String(token),
      login: new URL(login.location),
      logout: new URL(logout.location),
    };
    const statements = [
      say('ok', described(issuer, emulator === true)),
      await published(fetch, String(keys)),
    ];
    return { statements, found: { answer, endpoints } };
  } catch (error) {
    return { statements: [describe(error)], found: { answer } };
  }
}

/** The client secret goes nowhere else. */
function isOn(issuer: string, url: unknown): boolean {
  return (
    typeof url === 'string' && URL.canParse(url) && new URL(url).origin === new URL(issuer).origin
  );
}

function described(issuer: string, isEmulator: boolean): string {
  const { host, protocol } = new URL(issuer);
  if (isEmulator) {
    return `${host} is a local emulator: good for development, worth nothing elsewhere.`;
  }
  const kind = isKinde(host) ? 'is a Kinde domain' : 'is a custom domain';
  return `${host} ${kind}, on ${protocol.slice(0, -1)}, and names itself as the issuer.`;
}

/** Kinde's own domains: the only ones with a Management API. */
export function isKinde(host: string): boolean {
  return /\.kinde\.com$/i.test(host);
}

async function published(fetch: typeof globalThis.fetch, url: string): Promise<Statement> {
  const answer = await ask(fetch, url);
  const keys = typeof answer === 'string' ? undefined : answer.json?.['keys'];
  const usable = Array.isArray(keys) ? keys.filter(isUsable).length : 0;
  if (usable > 0) {
    return say('ok', `${usable} signing ${usable === 1 ? 'key is' : 'keys are'} published.`);
  }
  const why = typeof answer === 'string' ? answer : `status ${answer.status}`;
  return say(
    'failed',
    `No signing key is published (${why}): no token can be verified.`,
    'Look at the keys in Kinde.',
  );
}

function isUsable(key: unknown): boolean {
  const { kty, n, use = 'sig' } = (key ?? {}) as Record<string, unknown>;
  return kty === 'RSA' && use === 'sig' && typeof n === 'string' && n.length >= 342;
}
