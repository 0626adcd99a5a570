import { isLoopback } from '@kindling/internal';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { valueOf } from '../variables.js';

/** Supported lines of Node, each from the version on in which `require()` loads the packages. */
const LINES = [
  { major: 20, minor: 19 },
  { major: 22, minor: 12 },
] as const;
const NEWEST = LINES[1].major;

/** Checks the process that the app runs in: its Node, and variables that change what Node and this SDK do. */
export function checkProcess(
  { env, production }: Settings,
  version: string = process.versions.node,
): Checked {
  const problems = [
    ...unsupported(version),
    ...unverified(env, production),
    ...exposed(env, production),
  ];
  if (problems.length > 0) {
    return concluded(...problems);
  }
  const mode = production ? 'in production' : 'not in production';
  return concluded(say('ok', `Node ${version}, ${mode}.`));
}

function unsupported(version: string): Statement[] {
  if (isSupported(version)) {
    return [];
  }
  const fix = 'Use Node 20.19 or a later 20, or Node 22.12 or later.';
  return [say('failed', `Node ${version} is not supported.`, fix)];
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const line = LINES.find((one) => one.major === major);
  if (!line) {
    return major > NEWEST;
  }
  return minor >= line.minor;
}

function unverified(env: Settings['env'], production: boolean): Statement[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') {
    return [];
  }
  return [
    say(
      production ? 'failed' : 'warning',
      'NODE_TLS_REJECT_UNAUTHORIZED is 0: TLS certificates are not verified, so anyone on the network can impersonate Kinde.',
      'Unset it. For a certificate authority of your own, set NODE_EXTRA_CA_CERTS.',
    ),
  ];
}

/** Warns about development mode on a public site. */
function exposed(env: Settings['env'], production: boolean): Statement[] {
  const site = valueOf(env, 'KINDE_SITE_URL') ?? '';
  if (production || !isPublic(site)) {
    return [];
  }
  return [
    say(
      'warning',
      'NODE_ENV is not production, but the site is on a public https address: error pages show internal details to visitors.',
      'Set NODE_ENV=production where the app is deployed.',
    ),
  ];
}

function isPublic(site: string): boolean {
  if (!URL.canParse(site)) {
    return false;
  }
  const { protocol, hostname } = new URL(site);
  return protocol === 'https:' && !isLoopback(hostname, { network: true, subdomains: true });
}
