import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { optionsFromEnv, type KindeOptions } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { afterEach, describe, expect, test } from 'vitest';
import { frameworks } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';

const page = readFileSync('docs/how-to/containers.md', 'utf8');
const compose = /^```yaml\n([^]*?)^```$/m.exec(page)![1]!;
const codespaces = /^```sh\n([^]*?)^```$/m.exec(page)![1]!.replaceAll('$CODESPACE_NAME', 'fuzzy');
/** A value of the command line of the local Kinde on the page. */
const flag = (text: string, name: string) => new RegExp(`--${name} ([^\\s"]+)`).exec(text)![1]!;
/** A variable that the page sets. */
const variable = (text: string, name: string) =>
  new RegExp(`${name}(?:: |=")([^\\s"]+)`).exec(text)![1]!;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** Where a browser finds the issuer, and where alone the app's own requests arrive. */
interface Addresses {
  readonly issuer: string;
  readonly siteUrl: string;
  readonly inside: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly options?: Partial<KindeOptions>;
}

/** Signs in at an app as the page sets it up, and answers where the browser was sent. */
async function signIn(framework: string, at: Addresses): Promise<string> {
  const { issuer, siteUrl, inside, variables, options } = at;
  const emulator = await createEmulator({ issuer, siteUrl });
  const fetch: typeof globalThis.fetch = async (address, init) => {
    const { origin, pathname, search } = new URL(String(address));
    if (origin !== inside) {
      throw new TypeError(`${origin} is not reached from there`);
    }
    return emulator.fetch(issuer + pathname + search, init);
  };
  const env = { ...emulator.env, ...variables };
  const server = await frameworks[framework]!({ ...optionsFromEnv(env), ...options, fetch });
  servers.push(server);
  const browser = createBrowser(server, emulator);
  // The test's own port is not that of the site.
  const { location } = await browser.open('/login?moved=1');
  await browser.signIn('ada@example.com', '/login?moved=1');
  expect((await browser.open('/me')).json().email).toBe('ada@example.com');
  return new URL(location).origin;
}

describe.each(Object.keys(frameworks))('containers, on %s', (framework) => {
  test('FD-21 the compose file signs in', async () => {
    const issuer = flag(compose, 'issuer');
    const inside = variable(compose, 'KINDE_BACKCHANNEL_URL');
    const siteUrl = flag(compose, 'site');
    const variables = { KINDE_BACKCHANNEL_URL: inside };
    expect(await signIn(framework, { issuer, siteUrl, inside, variables })).toBe(issuer);
    expect(new URL(inside).hostname).toBe(flag(compose, 'allow-host'));
    expect(compose).toContain(`'127.0.0.1:${new URL(issuer).port}:4455'`);
  });

  test('FD-21 a Codespace signs in by the addresses of its tunnel', async () => {
    const issuer = variable(codespaces, 'KINDE_ISSUER_URL');
    const siteUrl = variable(codespaces, 'KINDE_SITE_URL');
    const inside = variable(codespaces, 'KINDE_BACKCHANNEL_URL');
    const variables = {
      KINDE_ISSUER_URL: issuer,
      KINDE_SITE_URL: siteUrl,
      KINDE_BACKCHANNEL_URL: inside,
    };
    expect(await signIn(framework, { issuer, siteUrl, inside, variables })).toBe(issuer);
    expect(new URL(issuer).host).toBe(/--allow-host "([^"]+)"/.exec(codespaces)![1]);
  });

  test('FD-21 a browser in the network of the app signs in by a private name', async () => {
    const [, issuer = ''] = /issuer: '([^']+)', allowPrivateIssuer: true/.exec(page)!;
    const siteUrl = 'http://localhost:3000';
    const options = { issuer, allowPrivateIssuer: true };
    const at = { issuer, siteUrl, inside: issuer, variables: {}, options };
    expect(await signIn(framework, at)).toBe(issuer);
  });
});
