import { bare, nearest } from '@kindling/internal';
import type { Check, Problems } from './checks.js';

/** Reads a variable of the environment by its name. */
export type Variable = (name: string) => string | undefined;

/** Everything that is said about one option. */
export interface Entry<Value = unknown> {
  /** Whether an app does not start without the option. */
  readonly required?: boolean;
  /** Checks a value by itself; `undefined` is passed only if the option is required. */
  readonly check: Check;
  /** The value of an option that is left out, where it is the same for every app. */
  readonly default?: Value;
  /** Environment variables that the option is read from; the first one that is set wins. */
  readonly variables?: readonly string[];
  /** Variables that decide the value in another way than by being its text. */
  readonly furtherVariables?: readonly string[];
  /** Turns the text of a variable into a value; `undefined` leaves the option out. @default the text as it is */
  readonly read?: (text: string, variable: Variable) => Value | undefined;
}

/** An entry for every option. An option without an entry does not compile, nor does an entry without an option. */
export type Entries<Options> = {
  readonly [Name in keyof Options]-?: Entry<NonNullable<Options[Name]>> &
    Requirement<object extends Pick<Options, Name> ? true : false>;
};

type Requirement<IsOptional> = IsOptional extends true
  ? { readonly required?: never }
  : { readonly required: true };

/** Options of which those with a default are there. */
type WithDefaults<Options, Table> = Options & {
  readonly [Name in keyof Options & DefaultedIn<Table>]-?: NonNullable<Options[Name]>;
};

/** The names of options that have a default in the table. */
type DefaultedIn<Table> = {
  [Name in keyof Table]: Table[Name] extends { default: unknown } ? Name : never;
}[keyof Table];

/** A table as it is walked through. */
type AnyTable = Readonly<Record<string, Entry>>;

/** Makes a table without prototypes: no member of `Object.prototype` is an entry, or a part of one. */
export function table<Table extends object>(entries: Table): Readonly<Table> {
  const copies = Object.entries(entries).map(([name, entry]) => [name, Object.freeze(bare(entry))]);
  return Object.freeze(bare(Object.fromEntries(copies) as Table));
}

/** Applies the defaults of a table. Options without a default that were left out stay out. */
export function withDefaults<Options extends object, Table extends AnyTable>(
  entries: Table,
  given: Options,
): WithDefaults<Options, Table> {
  const complete: Record<string, unknown> = bare({});
  for (const [name, entry] of Object.entries(entries)) {
    const value = memberOf(given, name) ?? entry.default;
    if (value !== undefined) {
      complete[name] = value;
    }
  }
  return complete as WithDefaults<Options, Table>;
}

/** Checks every option by itself. `prefix` is the group of the options, such as `session.`. */
export function checkEach(entries: AnyTable, given: object, prefix = ''): Problems {
  return Object.entries(entries).flatMap(([name, { check, required }]) => {
    const value = memberOf(given, name);
    if (value === undefined && !required) {
      return [];
    }
    return [check(value)].flat().map((wrong) => [prefix + name, wrong] as const);
  });
}

/**
 * A sentence for every name that is not an option, with the option that was probably meant or, for options of other
 * libraries, with what decides the matter here.
 */
export function unknownNames(
  entries: AnyTable,
  given: object,
  prefix = '',
  hints: Readonly<Record<string, string>> = {},
): string[] {
  const known = Object.keys(entries);
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  return unknown.map((name) => {
    if (Object.hasOwn(hints, name)) {
      return `\`${prefix}${name}\` is not an option: ${hints[name]}`;
    }
    const guess = nearest(name, known);
    if (guess) {
      return `\`${prefix}${name}\` is not an option; did you mean \`${prefix}${guess}\`?`;
    }
    return `\`${prefix}${name}\` is not an option.`;
  });
}

/** A member of options that may be of any kind, inherited ones left out. */
function memberOf(given: object, name: string): unknown {
  if (!Object.hasOwn(given, name)) {
    return undefined;
  }
  return (given as Readonly<Record<string, unknown>>)[name];
}
