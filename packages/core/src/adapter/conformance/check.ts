import type { KindeOptions } from '../../options/options.js';
import { same } from '../../store/conformance/check.js';
import { openSite, type Site } from './site.js';
import type { AdapterSubject, CallerSummary, OptionalRoute } from './subject.js';
import { SCRIPT, type Answer, type Visitor } from './visitor.js';

/** One thing that an adapter must do. */
export interface AdapterCheck {
  /** The requirement, as a sentence. */
  readonly name: string;
  /** The route of the app that this is about, where an app may do without. */
  readonly needs?: OptionalRoute;
  /**
   * Tries it on an app of the subject: resolves when it holds, rejects with what went wrong. Checks move the time, so one
   * runs after another.
   */
  run(subject: AdapterSubject): Promise<void>;
}

/** Parts of the app that a check needs besides the routes that every app has. */
interface Terms {
  readonly needs?: OptionalRoute;
  /** Options of the app that differ from the subject's. */
  readonly options?: (given: KindeOptions) => Partial<KindeOptions>;
}

/** Makes a check of what must hold for an app. */
export function check(
  name: string,
  work: (site: Site) => Promise<void>,
  terms: Terms = {},
): AdapterCheck {
  const { needs, options } = terms;
  return Object.freeze({
    name,
    ...(needs && { needs }),
    async run(subject: AdapterSubject) {
      const site = await openSite(subject, options?.(subject.options));
      try {
        if (needs) {
          await requireRoute(site, needs, name);
        }
        await work(site);
      } finally {
        await site.close();
      }
    },
  });
}

async function requireRoute(site: Site, path: OptionalRoute, name: string): Promise<void> {
  const { status } = await site.visitor().open(path, { headers: SCRIPT });
  if (status === 404) {
    throw new Error(`The app has no ${path}, which “${name}” needs.`);
  }
}

/** A browser whose session is due for a refresh. @param email the member by default */
export async function dueUser(site: Site, email?: string): Promise<Visitor> {
  const user = await site.signedIn(email);
  await site.due();
  return user;
}

/** The caller whom an answer tells of. Rejects any other answer. */
export function callerIn({ status, body }: Answer, what: string): CallerSummary {
  same(status, 200, `${what}: status`);
  return readJson<CallerSummary>(body, what);
}

/** Rejects an answer that is not a problem document with this code. */
export function sameProblem(answer: Answer, code: string, what: string): void {
  same(
    answer.header('content-type').split(';', 1)[0],
    'application/problem+json',
    `${what}: content type`,
  );
  same(readJson<{ code: string }>(answer.body, what).code, code, `${what}: code`);
}

/** The value of a JSON body. */
export function readJson<Value>(body: string, what: string): Value {
  try {
    return JSON.parse(body) as Value;
  } catch {
    throw new Error(`${what}: “${body.slice(0, 100)}” in place of JSON.`);
  }
}

/** Rejects an answer that a shared cache might keep. */
export function notCached(answer: Answer, what: string): void {
  const policy = answer.header('cache-control');
  same(
    /\bno-store\b/.test(policy) && !/\bpublic\b/.test(policy),
    true,
    `${what}: no-store in “${policy}”`,
  );
}

/** `Set-Cookie` lines of the core: apps set no other cookie than `own`. */
export function linesOfCore({ cookies }: Answer): string[] {
  return cookies.filter((line) => !line.startsWith('own='));
}
