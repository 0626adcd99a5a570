import { isLoopback } from '@kindling/internal';
import { ask, isUntrusted } from '../ask.js';
import { show } from '../describe.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { nameOf } from '../variables.js';
import type { Environment } from './environment.js';

/** Checks that the site, its callback and the port of the app fit together, and whether the app answers on this machine. */
export async function checkSite(
  { options }: Environment,
  { env, fetch }: Settings,
): Promise<Checked> {
  const { siteUrl = '', redirectUri } = options;
  if (!URL.canParse(siteUrl)) {
    return concluded(say('skipped', 'The site URL is not known.', 'Set KINDE_SITE_URL.'));
  }
  const site = new URL(siteUrl);
  const callback = redirectUri ?? `${siteUrl.replace(/\/$/, '')}/callback`;
  if (!URL.canParse(callback)) {
    return concluded(say('skipped', 'The callback URL is not a URL.'));
  }
  const problems = elsewhere(site, new URL(callback), env);
  if (problems.length > 0) {
    return concluded(...problems);
  }
  if (!isThisMachine(site)) {
    return concluded(say('ok', `${show(site)} has its callback at ${show(callback)}.`));
  }
  return concluded(...otherPort(site, env), await listening(fetch, new URL(callback)));
}

/** Users come back from Kinde to the callback, where the app has to receive them with the cookie that the site has set. */
function elsewhere(site: URL, callback: URL, env: Settings['env']): Statement[] {
  if (site.protocol !== callback.protocol) {
    return [
      say(
        'failed',
        `The site is on ${schemeOf(site)}, its callback ${show(callback)} is not.`,
        'Use one scheme for both.',
      ),
    ];
  }
  if (site.hostname !== callback.hostname) {
    return [otherHost(site, callback)];
  }
  if (portOf(site) !== portOf(callback)) {
    return [callbackPort(site, callback, env)];
  }
  return below(site, callback);
}

function otherHost(site: URL, callback: URL): Statement {
  const isOneMachine = isThisMachine(site) && isThisMachine(callback);
  const why = isOneMachine ? 'the same machine, but another host for browsers' : 'another host';
  return say(
    'failed',
    `The site is on ${site.hostname}, its callback on ${callback.hostname}: ${why}, so the login cookie is not sent there.`,
    'Use one host for the site and its callback URL, and open the app there.',
  );
}

function callbackPort(site: URL, callback: URL, env: Settings['env']): Statement {
  const siteName = nameOf(env, 'KINDE_SITE_URL');
  const callbackName = nameOf(env, 'KINDE_REDIRECT_URI');
  return say(
    'failed',
    `The site is on port ${portOf(site)} (${siteName}), its callback on port ${portOf(callback)} (${callbackName}).`,
    `Use the port that browsers reach the app on in both, such as ${siteName}=${callback.origin}`,
  );
}

/** Cookies of a site with a path are sent below that path only. */
function below(site: URL, callback: URL): Statement[] {
  const path = site.pathname.replace(/\/$/, '');
  if (callback.pathname.startsWith(`${path}/`)) {
    return [];
  }
  return [
    say(
      'failed',
      `The site is below ${path}, its callback ${show(callback)} is not: the login cookie is not sent there.`,
      'Use a callback URL below the site URL.',
    ),
  ];
}

/** Most apps listen on `PORT`. It is another one behind a proxy of this machine, so this is no failure. */
function otherPort(site: URL, { PORT: given = '', ...env }: Settings['env']): Statement[] {
  const port = given.trim();
  if (!/^\d{1,5}$/.test(port) || Number(port) === Number(portOf(site))) {
    return [];
  }
  const name = nameOf(env, 'KINDE_SITE_URL');
  return [
    say(
      'warning',
      `PORT is ${port}, but the site is on port ${portOf(site)} (${name}).`,
      `If browsers reach the app on PORT, set ${name}=${site.protocol}//${site.hostname}:${port}, and the callback URL likewise.`,
    ),
  ];
}

/** Asks for the callback as a browser would. The app need not run while the doctor does. */
async function listening(fetch: typeof globalThis.fetch, callback: URL): Promise<Statement> {
  const { host, pathname } = callback;
  const answer = await ask(fetch, show(callback));
  if (typeof answer !== 'string') {
    return answered(callback, answer.status);
  }
  if (isUntrusted(answer)) {
    const detail = `${host} answers on https, with a certificate that browsers must be told to trust (${answer}).`;
    return say('ok', detail);
  }
  if (isSilent(answer)) {
    const detail = `Nothing answers at ${host} (${answer}), so ${pathname} was not tried.`;
    const fix = 'Start the app. If it runs, it listens on another port: compare KINDE_SITE_URL.';
    return say('skipped', detail, fix);
  }
  const other = callback.protocol === 'https:' ? 'http' : 'https';
  return say(
    'warning',
    `A program listens at ${host}, but it does not speak ${schemeOf(callback)} (${answer}).`,
    `Set the site and callback URLs to ${other}, in Kinde too, or start the app with ${schemeOf(callback)}.`,
  );
}

function answered({ host, pathname }: URL, status: number): Statement {
  if (status !== 404) {
    return say('ok', `${host} answers, and has ${pathname}.`);
  }
  return say(
    'warning',
    `${host} answers, but has no ${pathname} (status 404): users who sign in end there.`,
    'Mount kinde() at the root of the app, and check that no other program listens on this port.',
  );
}

function isSilent(reason: string): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|no answer)/.test(reason);
}

function isThisMachine({ hostname }: URL): boolean {
  return isLoopback(hostname, { network: true, subdomains: true });
}

function schemeOf({ protocol }: URL): string {
  return protocol.slice(0, -1);
}

function portOf({ port, protocol }: URL): string {
  if (port) {
    return port;
  }
  return protocol === 'https:' ? '443' : '80';
}
