import { say, type Checked } from '../finding.js';
import type { Settings } from '../options.js';
import { valueOf } from '../variables.js';

/** Lines of Node that the packages are made for, each from the version on in which `require()` loads them. */
const LINES = [
  { major: 20, minor: 19 },
  { major: 22, minor: 12 },
] as const;

/** The process that the app runs in: its Node, and variables that change what Node and this SDK do. */
export function checkProcess(
  { env, production }: Settings,
  version: string = process.versions.node,
): Checked {
  const unverified = env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
  const site = valueOf(env, 'KINDE_SITE_URL');
  const open =
    !production && site?.startsWith('https:') && !/^https:\/\/(localhost|127\.|\[::1\])/.test(site);
  const statements = [
    ...(isSupported(version) ? [] : [say('failed', `Node ${version} is not supported.`, ADVICE)]),
    ...(unverified
      ? [
          say(
            production ? 'failed' : 'warning',
            'NODE_TLS_REJECT_UNAUTHORIZED is 0: anybody on the way can pretend to be Kinde.',
            'Unset it. For a certificate authority of your own, set NODE_EXTRA_CA_CERTS.',
          ),
        ]
      : []),
    ...(open
      ? [
          say(
            'warning',
            'NODE_ENV is not production, but the site is on a public https address: visitors see what went wrong inside.',
            'Set NODE_ENV=production where the app is deployed.',
          ),
        ]
      : []),
  ];
  const fine = say('ok', `Node ${version}, ${production ? 'in production' : 'not in production'}.`);
  return { statements: statements.length > 0 ? statements : [fine] };
}

const ADVICE = 'Use Node 20.19 or a later 20, or Node 22.12 or later.';

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const line = LINES.find((one) => one.major === major);
  return line ? minor >= line.minor : major > LINES[1].major;
}
