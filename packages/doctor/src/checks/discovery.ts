import { isLoopback } from '@kindling/internal';
import { ask, isUntrusted, type Answer } from '../ask.js';
import { describe } from '../describe.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { nameOf } from '../variables.js';
import type { App } from './environment.js';

/** Kinde's discovery document, and the endpoints in it. */
export interface Provider {
  readonly answer: Answer;
  /** Absent where the app could not use the document. */
  readonly endpoints?: Endpoints;
}

/** URLs that other checks send requests to. */
export interface Endpoints {
  readonly token: string;
  /** Whether they are those of a local Kinde. */
  readonly isEmulator: boolean;
  /** Where the app sends a user who signs in. */
  readonly login: URL;
  /** Where the app sends a user who signs out. */
  readonly logout: URL;
}

const ANONYMOUS = {
  method: 'GET',
  url: '/',
  headers: { get: () => null },
};

/** Checks that Kinde responds with a discovery document which the app accepts, and publishes keys to verify tokens with. */
export async function checkDiscovery(
  app: App,
  { env, fetch }: Settings,
): Promise<Checked<Provider>> {
  const { issuer } = app;
  const { host, hostname } = new URL(app.backchannelUrl ?? issuer);
  const variable = nameOf(env, app.backchannelUrl ? 'KINDE_BACKCHANNEL_URL' : 'KINDE_ISSUER_URL');
  const answer = await ask(fetch, `${issuer}/.well-known/openid-configuration`);
  if (typeof answer === 'string') {
    const detail = `${host} does not respond: ${answer}.`;
    return concluded(say('failed', detail, adviceFor(answer, { hostname, variable })));
  }
  const { jwks_uri: keys } = answer.json ?? {};
  try {
    const endpoints = await endpointsOf(app, answer);
    if (!endpoints || !isOn(issuer, keys)) {
      const detail = `The discovery document of ${host} differs from one request to the next.`;
      return { statements: [say('failed', detail)], found: { answer } };
    }
    const statements = [
      say('ok', described(issuer, endpoints.isEmulator)),
      await published(fetch, String(keys)),
    ];
    return { statements, found: { answer, endpoints } };
  } catch (error) {
    return { statements: [describe(error)], found: { answer } };
  }
}

/** Says where to look when there is no response at all. */
function adviceFor(
  reason: string,
  { hostname, variable }: { hostname: string; variable: string },
): string {
  if (isUntrusted(reason)) {
    return 'For a certificate authority of your own, set NODE_EXTRA_CA_CERTS in the environment.';
  }
  if (isLoopback(hostname)) {
    return `Start your local Kinde (npx @kindling/emulator), or compare the port of ${variable}.`;
  }
  return `Compare ${variable}, and check DNS and firewalls.`;
}

/** Reads the endpoints in the same way as a sign-in does. `undefined` for a document that the app would not accept. */
async function endpointsOf(
  { issuer, kinde }: App,
  { json }: Answer,
): Promise<Endpoints | undefined> {
  const login = await kinde.login(ANONYMOUS, { prompt: 'none' });
  const logout = await kinde.logout(ANONYMOUS);
  const token = json?.['token_endpoint'];
  if (!isOn(issuer, token)) {
    return undefined;
  }
  return {
    token,
    isEmulator: json?.['kindling_emulator'] === true,
    login: new URL(login.location),
    logout: new URL(logout.location),
  };
}

/** Checks that a URL is on the issuer, since the client secret is sent nowhere else. */
function isOn(issuer: string, url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) {
    return false;
  }
  return new URL(url).origin === new URL(issuer).origin;
}

function described(issuer: string, isEmulator: boolean): string {
  const { host, protocol } = new URL(issuer);
  if (isEmulator) {
    return `${host} is a local Kinde, for development only.`;
  }
  const kind = isKinde(host) ? 'is a Kinde domain' : 'is a custom domain';
  return `${host} ${kind}, on ${protocol.slice(0, -1)}, and names itself as the issuer.`;
}

/** Checks for one of Kinde's own domains: only these have a Management API. */
export function isKinde(host: string): boolean {
  return /\.kinde\.com$/i.test(host);
}

async function published(fetch: typeof globalThis.fetch, url: string): Promise<Statement> {
  const answer = await ask(fetch, url);
  if (typeof answer === 'string') {
    return noKeys(answer);
  }
  const keys = answer.json?.['keys'];
  const count = Array.isArray(keys) ? keys.filter(isUsable).length : 0;
  if (count === 0) {
    return noKeys(`status ${answer.status}`);
  }
  const noun = count === 1 ? 'key is' : 'keys are';
  return say('ok', `${count} signing ${noun} published.`);
}

function noKeys(reason: string): Statement {
  const detail = `No signing key is published (${reason}), so tokens cannot be verified.`;
  return say('failed', detail, 'Check the signing keys in Kinde.');
}

function isUsable(key: unknown): boolean {
  const { kty, n, use = 'sig' } = (key ?? {}) as Record<string, unknown>;
  return kty === 'RSA' && use === 'sig' && typeof n === 'string' && n.length >= 342;
}
