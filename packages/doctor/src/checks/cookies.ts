import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import type { Environment } from './environment.js';

/** Checks whether browsers accept the cookies of the site, and how they are protected. */
export function checkCookies({ options }: Environment, { production }: Settings): Checked {
  const { siteUrl, session } = options;
  if (siteUrl === undefined || !URL.canParse(siteUrl)) {
    return concluded(say('skipped', 'The site URL is not known.', 'Set KINDE_SITE_URL.'));
  }
  const site = new URL(siteUrl);
  const problems = [...insecure(site, production), ...uncovered(site, session?.domain)];
  if (problems.length > 0) {
    return concluded(...problems);
  }
  return concluded(protection(site, session?.domain));
}

function insecure({ protocol, host }: URL, production: boolean): Statement[] {
  if (!production || protocol !== 'http:') {
    return [];
  }
  const detail = `The site is on plain http (${host}) in production: cookies are sent unencrypted.`;
  return [say('failed', detail, 'Set KINDE_SITE_URL to the https URL that users open.')];
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
