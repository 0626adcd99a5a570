import { show } from '../describe.js';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import type { Environment } from './environment.js';

/** Whether cookies that are set where sign-in starts arrive where it ends, and what protects them on the way. */
export function checkCookies({ options }: Environment, { production }: Settings): Checked {
  const { siteUrl, session } = options;
  if (siteUrl === undefined || !URL.canParse(siteUrl)) {
    return {
      statements: [say('skipped', 'The address of the site is not known.', 'Set KINDE_SITE_URL.')],
    };
  }
  const site = new URL(siteUrl);
  const callback = URL.canParse(options.redirectUri ?? '')
    ? new URL(options.redirectUri!)
    : undefined;
  const wrong = [
    ...insecure(site, production),
    ...uncovered(site, session?.domain),
    ...(callback ? elsewhere(site, callback) : []),
  ];
  return { statements: wrong.length > 0 ? wrong : [protection(site, session?.domain)] };
}

function insecure({ protocol, host }: URL, production: boolean): Statement[] {
  const detail = `The site is on plain http (${host}) in production: cookies travel in the clear.`;
  if (production && protocol === 'http:') {
    return [say('failed', detail, 'Set KINDE_SITE_URL to the https address that people open.')];
  }
  return [];
}

function uncovered({ hostname }: URL, domain: string | undefined): Statement[] {
  if (domain === undefined || covers(domain, hostname)) {
    return [];
  }
  return [
    say(
      'failed',
      `KINDE_COOKIE_DOMAIN does not cover ${hostname}: browsers refuse the cookies.`,
      'Set it to that host or a parent of it, or leave it out.',
    ),
  ];
}

/** The login's cookie is set on the site and has to come along to the callback. */
function elsewhere(site: URL, callback: URL): Statement[] {
  if (site.protocol !== callback.protocol) {
    return [
      say(
        'failed',
        `The site is on ${site.protocol.slice(0, -1)}, its callback ${show(callback)} is not.`,
        'Use one scheme for both.',
      ),
    ];
  }
  if (site.hostname === callback.hostname) {
    return below(site, callback);
  }
  const loopback = [site, callback].every(({ hostname }) =>
    /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname),
  );
  const why = loopback ? 'the same machine, but not the same host for a browser' : 'another host';
  return [
    say(
      'failed',
      `The site is on ${site.hostname}, its callback on ${callback.hostname}: ${why}, so the login's cookie is not sent there.`,
      'Use one host for the site and its callback URL, and open the app there.',
    ),
  ];
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
      `The site is below ${path}, its callback ${show(callback)} is not: the login's cookie is not sent there.`,
      'Use a callback URL below the address of the site.',
    ),
  ];
}

function protection({ protocol, host, pathname }: URL, domain: string | undefined): Statement {
  if (protocol === 'http:') {
    return say('ok', `${host} is on plain http, as in development: cookies have no prefix.`);
  }
  if (domain !== undefined) {
    return say(
      'ok',
      `Cookies are sent to ${domain} and all of its subdomains (__Secure-): each of them must be trusted.`,
    );
  }
  if (pathname === '/') {
    return say(
      'ok',
      `Cookies belong to ${host} alone (__Host-): subdomains neither see nor replace them.`,
    );
  }
  return say(
    'ok',
    `Cookies are sent below ${pathname} of ${host} only (__Secure-): the other apps there must be trusted.`,
  );
}

function covers(domain: string, hostname: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}
