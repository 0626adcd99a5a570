import type * as v from 'valibot';
import type { Seed } from './seed.js';

/** Where in a seed something is: names of fields, keys and indices. */
export type Path = readonly string[];

/** The path of a problem that the schema found. */
export function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => String(key));
}

/** Such as `people[0].email (ada@example.com)`: the path, and the name of the list's entry, which is easier to find. */
export function locate(seed: unknown, path: Path): string {
  const [part, ...steps] = path;
  if (part === undefined) {
    return 'seed';
  }
  const name = nameOfEntry(Object(seed)[part], steps[0]);
  return part + steps.map(writeStep).join('') + (name === undefined ? '' : ` (${name})`);
}

function writeStep(step: string): string {
  if (isIndex(step)) {
    return `[${step}]`;
  }
  return /^\w+$/.test(step) ? `.${step}` : `["${step}"]`;
}

/** What a list's entry is called: entries of records are found by their keys. */
function nameOfEntry(part: unknown, index: string | undefined): string | undefined {
  if (index === undefined || !isIndex(index)) {
    return undefined;
  }
  const { email, name } = Object(Object(part)[index]) as { email?: unknown; name?: unknown };
  const found = email ?? name;
  return typeof found === 'string' ? found : undefined;
}

function isIndex(step: string): boolean {
  return /^\d+$/.test(step);
}

/** The parts of a seed that hold several things. */
export type Part = Exclude<keyof Seed, '$schema'>;

/** What a part holds, such as a role. */
type EntryOf<Name extends Part> =
  NonNullable<Seed[Name]> extends readonly (infer Entry)[]
    ? Entry
    : NonNullable<Seed[Name]>[keyof NonNullable<Seed[Name]>];

/** A seed for checks of relations, which leave out what has not the right shape: that was reported already. */
export interface Parts {
  /** Entries of a part that have the right shape, by key or index. */
  entries<Name extends Part>(part: Name): [key: string, entry: EntryOf<Name>][];
  /**
   * Keys that a part declares; `undefined` where the part itself has the wrong shape, so that nobody can tell. Entries of
   * the wrong shape count: a use of their keys is no mistake.
   */
  keys(part: Part): string[] | undefined;
}

/** Reads a seed whose shape was checked already, with these issues. */
export function partsOf(seed: unknown, issues: readonly v.BaseIssue<unknown>[]): Parts {
  const malformed = new Set<string>();
  for (const issue of issues) {
    // A validation or an unknown field leaves the shape as it is.
    if (issue.kind === 'schema' && issue.expected !== 'never') {
      malformed.add(pathOf(issue).slice(0, 2).join(' '));
    }
  }
  const isMalformed = (part: Part) => malformed.has('') || malformed.has(part);
  const all = (part: Part) =>
    isMalformed(part) ? [] : Object.entries(Object((seed as Partial<Seed>)[part]));
  return {
    entries<Name extends Part>(part: Name) {
      const sound = all(part).filter(([key]) => !malformed.has(`${part} ${key}`));
      return sound as [string, EntryOf<Name>][];
    },
    keys: (part) => (isMalformed(part) ? undefined : all(part).map(([key]) => key)),
  };
}
