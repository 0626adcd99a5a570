import { setTimeout as sleep } from 'node:timers/promises';
import { KindeApiError, type Management } from '@kindling/management';

/** Somebody to be imported; the address says who it is. */
export interface ImportedPerson {
  readonly email: string;
  readonly given_name?: string;
  readonly family_name?: string;
  /** Their id in the system that they come from. */
  readonly provided_id?: string;
}

/** How far an import is: everybody who is done was created, was there already, or failed. */
export interface Progress {
  readonly done: number;
  readonly created: number;
  readonly existing: number;
  readonly failed: number;
}

/** How an import runs. */
export interface ImportOptions {
  /** People at the same time. @default 8 */
  readonly concurrency?: number;
  /** Called after each person. */
  readonly onProgress?: (progress: Progress) => void;
  /** Called with whoever could not be imported, and why; the others go on. */
  readonly onFailure?: (person: ImportedPerson, error: Error) => void;
  readonly signal?: AbortSignal;
}

/** How often it is tried to create one person whose creation remains in doubt. */
const MOST_ATTEMPTS = 8;

/**
 * Imports people of any number: reads no more of them than are at work. Nobody is doubled, and it can run again with the
 * same people.
 * @throws what makes all further calls pointless, such as KindeApiError `token_refused`; or the reason of the signal.
 */
export async function importUsers(
  management: Management,
  people: AsyncIterable<ImportedPerson> | Iterable<ImportedPerson>,
  { concurrency = 8, onProgress, onFailure, signal }: ImportOptions = {},
): Promise<Progress> {
  const count = {
    done: 0,
    created: 0,
    existing: 0,
    failed: 0,
  };
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const source = oneByOne(people);
  const work = async (): Promise<void> => {
    for (let next = await source.next(); !next.done && !both.aborted; next = await source.next()) {
      const outcome = await importOne(management, next.value, both).catch((error: unknown) => {
        if (!concernsOne(error)) {
          throw error;
        }
        onFailure?.(next.value, error);
        return 'failed' as const;
      });
      count.done += 1;
      count[outcome] += 1;
      onProgress?.({ ...count });
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, work));
  } finally {
    stop.abort();
    // Not awaited: a source that has nothing more to say just now must not hold this up.
    source.return().catch(() => {});
  }
  signal?.throwIfAborted();
  return count;
}

/** An iterator that several may ask at once: a generator answers them one after the other. */
async function* oneByOne(people: AsyncIterable<ImportedPerson> | Iterable<ImportedPerson>) {
  yield* people;
}

async function importOne(
  management: Management,
  { email, provided_id, ...profile }: ImportedPerson,
  signal: AbortSignal,
): Promise<'created' | 'existing'> {
  const input = {
    profile,
    ...(provided_id && { provided_id }),
    identities: [
      {
        type: 'email' as const,
        is_verified: true,
        details: { email },
      },
    ],
  };
  let doubtful = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Nobody knows whether it was done, so who is there decides.
      if (doubtful && (await management.users.list({ email }, { signal })).users.length > 0) {
        return 'created';
      }
      const { created } = await management.users.create(input, { signal });
      return created ? 'created' : 'existing';
    } catch (error) {
      if (!(error instanceof KindeApiError) || !isPassing(error) || attempt >= MOST_ATTEMPTS) {
        throw error;
      }
      doubtful ||= error.mayHaveExecuted;
      await sleep((error.retryAfter ?? Math.random() * 2 ** attempt) * 1000, undefined, { signal });
    }
  }
}

function isPassing({ code, httpStatus = 0 }: KindeApiError): boolean {
  return ['rate_limited', 'network', 'timeout'].includes(code) || httpStatus >= 500;
}

/** What says nothing about the next person. */
function concernsOne(error: unknown): error is KindeApiError {
  return (
    error instanceof KindeApiError &&
    !['token_refused', 'config_invalid', 'not_json', 'redirect'].includes(error.code)
  );
}
