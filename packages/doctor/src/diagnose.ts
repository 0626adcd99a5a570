import { checkClient } from './checks/client.js';
import { checkClock } from './checks/clock.js';
import { checkCookies } from './checks/cookies.js';
import { checkDiscovery } from './checks/discovery.js';
import { checkDrift } from './checks/drift.js';
import { checkEnvironment } from './checks/environment.js';
import { checkManagement } from './checks/management.js';
import { checkProcess } from './checks/process.js';
import { checkUrl } from './checks/urls.js';
import { describe } from './describe.js';
import { say, type Checked, type Finding, type Statement } from './finding.js';
import { settingsOf, type DiagnoseOptions, type Settings } from './options.js';
import { secretsOf } from './variables.js';

/** Everything that was looked at; `ok` unless something failed. */
export interface Report {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Looks at everything that an app needs to sign people in: its environment, Kinde, and whether the two fit together. Changes
 * nothing, and what is wrong is in the report; the report has no secret in it.
 * @throws TypeError for options that are wrong.
 * @example const { ok, findings } = await diagnose({ tenant });
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Report> {
  const settings = settingsOf(options);
  const findings: Finding[] = [];
  /** Runs a check where the one it depends on found what it needs, and keeps what it says. */
  const step = async <Need, Found>(
    check: string,
    [dependsOn, need]: readonly [string, Need | undefined],
    run: (need: Need) => Checked<Found> | Promise<Checked<Found>>,
  ): Promise<Found | undefined> => {
    const nothing: Checked<never> = {
      statements: [say('skipped', `Not looked at: ${dependsOn} has to be right first.`)],
    };
    const { statements, found } = need === undefined ? nothing : await attempt(() => run(need));
    findings.push(...statements.map((statement) => ({ check, ...clean(statement, settings) })));
    return found;
  };
  const always = ['', settings] as const;

  await step('process', always, () => checkProcess(settings));
  const environment = await step('environment', always, checkEnvironment);
  await step('cookies', ['environment', environment], (found) => checkCookies(found, settings));
  const app = environment?.app;
  const provider = await step('discovery', ['environment', app], (found) =>
    checkDiscovery(found, settings),
  );
  await step('clock', ['discovery', provider], (found) => checkClock(found, settings));
  const endpoints = provider?.endpoints;
  const client = await step('client', ['discovery', endpoints && app], (found) =>
    checkClient(found, endpoints!, settings),
  );
  const unreachable = app !== undefined && provider === undefined;
  const lists = await step(
    'management',
    ['discovery', unreachable ? undefined : settings],
    checkManagement,
  );
  const known = client && endpoints;
  await step('callback-url', ['environment', app], ({ redirectUri: url }) =>
    checkUrl(
      {
        kind: 'callback',
        url,
        registered: lists?.redirectUrls,
        probe: known?.login,
      },
      settings,
    ),
  );
  await step('logout-url', ['environment', app], ({ postLogoutRedirectUri: url }) =>
    checkUrl(
      {
        kind: 'logout',
        url,
        registered: lists?.logoutUrls,
        probe: known?.logout,
      },
      settings,
    ),
  );
  await step('drift', always, () => checkDrift(settings.tenant, lists));
  return Object.freeze({ ok: findings.every(({ outcome }) => outcome !== 'failed'), findings });
}

async function attempt<Found>(
  run: () => Checked<Found> | Promise<Checked<Found>>,
): Promise<Checked<Found>> {
  try {
    return await run();
  } catch (error) {
    return { statements: [describe(error)] };
  }
}

/** Nothing that is a secret by its name, and nothing that a terminal would obey, wherever a check has it from. */
function clean({ outcome, detail, fix }: Statement, { env }: Settings): Statement {
  const secrets = secretsOf(env);
  const hide = (text: string) =>
    secrets
      .reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)
      .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
      .slice(0, LONGEST);
  return say(outcome, hide(detail), fix && hide(fix));
}

/** Characters of one sentence. */
const LONGEST = 1000;
