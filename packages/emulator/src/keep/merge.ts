import { isDeepStrictEqual } from 'node:util';
import { removePerson } from '../state/persons.js';
import type { State, TenantData } from '../state/state.js';

type Fields = Record<string, unknown>;

/** What a seed said before, and what it says now, as the data of tenants that nothing happened to. */
export interface Seeds {
  /** Before. */
  readonly before: TenantData;
  /** Now. */
  readonly after: TenantData;
}

/** Parts of a tenant that a seed describes and that have keys. */
const RECORDS = ['permissions', 'roles', 'flags', 'properties', 'organizations'] as const;

/** Parts that are lists, and what their entries are known by. */
const LISTS = {
  applications: 'name',
  apis: 'audience',
  webhooks: 'endpoint',
  apiKeys: 'hash',
  environmentVariables: 'key',
  invitations: 'code',
} as const;

/** Changes that are named one by one; more are counted. */
const MOST_CHANGES = 100;

/**
 * Merges three ways: what differs between two seeds is applied to the state, and everything else that was changed since
 * stays. Where both changed one field, the seed wins, and the answer says so. Answers a line for each change.
 */
export function mergeData(state: State, { before, after }: Seeds): string[] {
  const changes: string[] = [];
  const say = (line: string) => {
    changes.push(line);
  };
  for (const part of RECORDS) {
    mergeFields(
      state[part] as Fields,
      {
        before: before[part],
        after: after[part],
      },
      [part],
      say,
    );
  }
  for (const [part, key] of Object.entries(LISTS) as [keyof typeof LISTS, string][]) {
    mergeList(
      state,
      part,
      {
        before,
        after,
      },
      {
        key,
        say,
      },
    );
  }
  mergePeople(
    state,
    {
      before,
      after,
    },
    say,
  );
  dropDangling(state);
  const more = changes.length - MOST_CHANGES;
  return more > 0 ? [...changes.slice(0, MOST_CHANGES), `and ${more} more`] : changes;
}

type Say = (line: string) => void;
type Both = { readonly before: object; readonly after: object };

/** Merges the fields of an object; objects inside are merged field by field, all else is replaced as a whole. */
function mergeFields(target: Fields, both: Both, path: readonly string[], say: Say): void {
  const before = both.before as Fields;
  const after = both.after as Fields;
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = before[name];
    const wanted = after[name];
    const found = target[name];
    const own = [...path, name];
    if (isDeepStrictEqual(old, wanted) || name === 'createdAt') {
      continue;
    }
    if (isObject(old) && isObject(wanted) && isObject(found)) {
      mergeFields(
        found,
        {
          before: old,
          after: wanted,
        },
        own,
        say,
      );
      continue;
    }
    if (isDeepStrictEqual(found, wanted)) {
      continue;
    }
    say(
      lineOf(own, {
        old,
        wanted,
        found,
      }),
    );
    setField(target, name, wanted);
  }
}

function setField(target: Fields, name: string, value: unknown): void {
  if (value === undefined) {
    delete target[name];
  } else {
    target[name] = value;
  }
}

function lineOf(
  path: readonly string[],
  { old, wanted, found }: { old: unknown; wanted: unknown; found: unknown },
): string {
  const verb = verbOf(old, wanted);
  const won = isDeepStrictEqual(old, found) ? '' : ', over a change made here';
  return `${path.join('.')} ${verb}${won}`;
}

function verbOf(old: unknown, wanted: unknown): string {
  if (old === undefined) {
    return 'added';
  }
  return wanted === undefined ? 'removed' : 'changed';
}

/** Merges a list whose entries are known by a field. */
function mergeList(
  state: State,
  part: keyof typeof LISTS,
  { before, after }: Seeds,
  { key, say }: { key: string; say: Say },
): void {
  const byKey = (list: readonly object[]): Fields =>
    Object.fromEntries(list.map((entry) => [String((entry as Fields)[key]), entry]));
  const merged = byKey(state[part]);
  mergeFields(
    merged,
    {
      before: byKey(before[part]),
      after: byKey(after[part]),
    },
    [part],
    say,
  );
  Object.assign(state, { [part]: Object.values(merged) });
}

/** Users are known by their key, or else by their address. One who leaves the seed is removed with all sign-ins. */
function mergePeople(state: State, { before, after }: Seeds, say: Say): void {
  const old = peopleBy(before.people);
  const wanted = peopleBy(after.people);
  const found = peopleBy(state.people);
  const isHere = (name: string) => found.get(name) ?? byId(state, old.get(name)?.id);
  for (const name of old.keys()) {
    const here = isHere(name);
    if (!wanted.has(name) && here) {
      removePerson(state, here);
      say(`people.${name} removed`);
    }
  }
  for (const [name, person] of wanted) {
    const was = old.get(name);
    if (isDeepStrictEqual(was, person)) {
      continue;
    }
    const here = isHere(name);
    if (here) {
      // The id stays: tokens and the app's own tables have it.
      mergeFields(
        here as unknown as Fields,
        {
          before: {
            ...was,
            id: here.id,
          },
          after: {
            ...person,
            id: here.id,
          },
        },
        ['people', name],
        say,
      );
    } else {
      state.people.push(person);
      say(`people.${name} added`);
    }
  }
}

/** What an API or a page gave somebody may have left with the seed. */
function dropDangling(state: State): void {
  const { organizations, permissions, roles } = state;
  const keep = <Of>(names: string[] | undefined, of: Record<string, Of>) =>
    names?.filter((name) => Object.hasOwn(of, name));
  for (const role of Object.values(roles)) {
    role.permissions = keep(role.permissions, permissions) ?? [];
  }
  for (const { organizations: memberships } of state.people) {
    for (const [code, membership] of Object.entries(memberships)) {
      if (!Object.hasOwn(organizations, code)) {
        delete memberships[code];
      }
      setField(membership as Fields, 'roles', keep(membership.roles, roles));
      setField(membership as Fields, 'permissions', keep(membership.permissions, permissions));
    }
  }
}

type People = TenantData['people'];

function peopleBy(people: People): Map<string, People[number]> {
  return new Map(
    people.map((person) => [(person.key ?? person.email ?? person.id).toLowerCase(), person]),
  );
}

function byId(state: State, id: string | undefined): People[number] | undefined {
  return id === undefined ? undefined : state.directory.byId(state.people, id);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
