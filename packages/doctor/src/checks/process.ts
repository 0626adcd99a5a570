import { say, type Checked } from '../finding.js';
import type { Settings } from '../options.js';
import { valueOf } from '../variables.js';

const OLDEST = [20, 19] as const;

/** The process that the app runs in: its Node, and variables that change what Node and this SDK do. */
export function checkProcess({ env, production }: Settings, version: string = process.versions.node): Checked {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  const unverified = env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
  const site = valueOf(env, 'KINDE_SITE_URL');
  const open = !production && site?.startsWith('https:') && !/^https:\/\/(localhost|127\.|\[::1\])/.test(site);
  const statements = [
    ...(old ? [say('failed', `Node ${version} is too old.`, `Use Node ${OLDEST.join('.')} or later.`)] : []),
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
