import { fetchReachable } from '@kindling/internal';
import { checkClient } from './checks/client.js';
import { checkClock } from './checks/clock.js';
import { checkCookies } from './checks/cookies.js';
import { checkDiscovery, type Endpoints } from './checks/discovery.js';
import { checkDrift } from './checks/drift.js';
import { checkEnvironment, type App } from './checks/environment.js';
import { checkManagement, type Lists } from './checks/management.js';
import { checkPostgres } from './checks/postgres.js';
import { checkProcess } from './checks/process.js';
import { checkRedis } from './checks/redis.js';
import { checkSite } from './checks/site.js';
import { checkUrl } from './checks/urls.js';
import { describe } from './describe.js';
import { concluded, say, type Checked, type Finding, type Statement } from './finding.js';
import { settingsOf, type DiagnoseOptions, type Settings } from './options.js';
import { secretsOf } from './variables.js';

/** The findings of all checks. */
export interface Report {
  /** Whether no check failed. Warnings and skipped checks do not count as failures. */
  readonly ok: boolean;
  /** The findings, in the order of the checks. */
  readonly findings: readonly Finding[];
}

/**
 * Checks everything that an app needs to sign users in with Kinde: its environment, Kinde, and whether the two match.
 * Read-only: it sends the requests that your app would send, and reads settings of its session store. Problems are in the
 * report, which contains no secret.
 * @throws TypeError for invalid options.
 * @example const { ok, findings } = await diagnose({ tenant });
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Report> {
  const settings = settingsOf(options);
  const findings: Finding[] = [];
  await runChecks(settings, async (check, { needs, given, run }) => {
    const { statements, found } = await attempt(needs, given, run);
    findings.push(...statements.map((statement) => ({ check, ...clean(statement, settings) })));
    return found;
  });
  const ok = findings.every(({ outcome }) => outcome !== 'failed');
  return Object.freeze({ ok, findings });
}

/** A check that may depend on the facts that another one found. */
interface Step<Given, Found> {
  /** Name of the check that it depends on. */
  readonly needs: string;
  /** The facts; `undefined` skips the check. */
  readonly given: Given | undefined;
  readonly run: (given: Given) => Checked<Found> | Promise<Checked<Found>>;
}

/** Runs a check and returns the facts that it found. */
type RunStep = <Given, Found>(
  check: string,
  step: Step<Given, Found>,
) => Promise<Found | undefined>;

async function runChecks(settings: Settings, step: RunStep): Promise<void> {
  const always = { needs: '', given: settings };
  await step('process', { ...always, run: checkProcess });
  const environment = await step('environment', { ...always, run: checkEnvironment });
  await step('site', {
    needs: 'environment',
    given: environment,
    run: (given) => checkSite(given, settings),
  });
  await step('cookies', {
    needs: 'environment',
    given: environment,
    run: (given) => checkCookies(given, settings),
  });
  const app = environment?.app;
  const { fetch } = settings;
  const atKinde = { ...settings, fetch: app ? fetchReachable(fetch, app) : fetch };
  const provider = await step('discovery', {
    needs: 'environment',
    given: app,
    run: (given) => checkDiscovery(given, atKinde),
  });
  await step('clock', {
    needs: 'discovery',
    given: provider,
    run: (given) => checkClock(given, settings),
  });
  const endpoints = provider?.endpoints;
  const client = await step('client', {
    needs: 'discovery',
    given: app && endpoints && { app, endpoints },
    run: (given) => checkClient(given, atKinde),
  });
  const isUnreachable = app !== undefined && provider === undefined;
  const lists = await step('management', {
    needs: 'discovery',
    given: isUnreachable ? undefined : settings,
    run: checkManagement,
  });
  const isEmulator = endpoints?.isEmulator ?? false;
  await checkUrls(step, { settings: atKinde, app, lists, probes: client && endpoints, isEmulator });
  await step('drift', { ...always, run: ({ tenant }) => checkDrift(tenant, lists) });
  await step('redis', { ...always, run: checkRedis });
  await step('postgres', { ...always, run: checkPostgres });
}

/** Facts for the checks of callback and logout URLs. */
interface UrlFacts {
  readonly settings: Settings;
  readonly app: App | undefined;
  readonly lists: Lists | undefined;
  /** Endpoints for test requests; absent where Kinde does not know the client. */
  readonly probes: Endpoints | undefined;
  readonly isEmulator: boolean;
}

async function checkUrls(step: RunStep, facts: UrlFacts): Promise<void> {
  const { settings, app, lists, probes, isEmulator } = facts;
  const kinds = [
    {
      kind: 'callback',
      url: app?.redirectUri,
      registered: lists?.redirectUrls,
      probe: probes?.login,
    },
    {
      kind: 'logout',
      url: app?.postLogoutRedirectUri,
      registered: lists?.logoutUrls,
      probe: probes?.logout,
    },
  ] as const;
  for (const { kind, url, registered, probe } of kinds) {
    await step(`${kind}-url`, {
      needs: 'environment',
      given: url,
      run: (given) => checkUrl({ kind, url: given, registered, probe, isEmulator }, settings),
    });
  }
}

async function attempt<Given, Found>(
  needs: string,
  given: Given | undefined,
  run: Step<Given, Found>['run'],
): Promise<Checked<Found>> {
  if (given === undefined) {
    return concluded(say('skipped', `Skipped: fix the ${needs} errors above first.`));
  }
  try {
    return await run(given);
  } catch (error) {
    return concluded(describe(error));
  }
}

/** Characters of one sentence. */
const LONGEST = 1000;

/** Removes the values of all secrets in the environment and everything that a terminal would interpret. */
function clean({ outcome, detail, fix }: Statement, { env }: Settings): Statement {
  const secrets = secretsOf(env);
  const redact = (text: string) =>
    secrets
      .reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text)
      .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
      .slice(0, LONGEST);
  return say(outcome, redact(detail), fix && redact(fix));
}
