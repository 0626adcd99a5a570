/** Something of a seed that nothing is known of yet. */
export type Loose = Record<string, unknown>;

/** Looks at the parts of a seed and writes down what is wrong with them. */
export interface Check {
  problem(where: string, what: string): void;
  /** The value as an object whose fields are among these; an empty one where it is something else. */
  object(where: string, value: unknown, fields?: readonly string[]): Loose;
  entries(where: string, value: unknown, fields?: readonly string[]): [string, Loose][];
  list(where: string, value: unknown, fields: readonly string[]): Loose[];
  /** Whether the word is one of these. */
  word(where: string, value: unknown, names: readonly string[]): boolean;
  /** A list of words that are all declared: in a list, or as the keys of an object. */
  words(where: string, value: unknown, declared?: unknown): void;
  unique(where: string, list: readonly Loose[], field: string): void;
}

/** A seed may come from JSON, so nothing about its shape can be taken for granted. */
export function createCheck(problems: string[]): Check {
  const check: Check = {
    problem: (where, what) => void problems.push(`${where}: ${what}`),
    object(where, value, fields) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        check.problem(where, 'an object is needed.');
        return {};
      }
      if (fields) {
        for (const name of Object.keys(value)) {
          check.word(where, name, fields);
        }
      }
      return value as Loose;
    },
    entries: (where, value, fields) =>
      Object.entries(check.object(where, value)).map(([key, entry]) => [
        key,
        check.object(`${where}, ${key}`, entry, fields),
      ]),
    list(where, value, fields) {
      if (Array.isArray(value)) {
        return value.map((entry, index) => check.object(`${where} ${index + 1}`, entry, fields));
      }
      check.problem(where, 'a list is needed.');
      return [];
    },
    word(where, value, names) {
      if (typeof value === 'string' && names.includes(value)) {
        return true;
      }
      const guess = typeof value === 'string' ? nearest(value, names) : undefined;
      check.problem(
        where,
        `${value === undefined ? 'nothing' : JSON.stringify(value)} is not one of ${names.join(', ') || '(none)'}${guess ? `; did you mean "${guess}"?` : '.'}`,
      );
      return false;
    },
    words(where, value, declared) {
      if (!Array.isArray(value) || value.some((word) => typeof word !== 'string')) {
        return check.problem(where, 'a list of words is needed.');
      }
      const names = Array.isArray(declared) ? (declared as string[]) : Object.keys(declared ?? {});
      if (declared !== undefined) {
        for (const word of value) {
          check.word(where, word, names);
        }
      }
    },
    unique(where, list, field) {
      const values = list.flatMap((entry) => {
        if (entry[field] === undefined) {
          return [];
        }
        return String(entry[field]).toLowerCase();
      });
      const twice = new Set(values.filter((value, index) => values.indexOf(value) !== index));
      for (const value of twice) {
        check.problem(where, `${field} "${value}" is there more than once.`);
      }
    },
  };
  return check;
}

/** The declared word that shares most of its pairs of letters with this one. */
function nearest(word: string, names: readonly string[]): string | undefined {
  const pairs = (text: string) =>
    new Set(
      Array.from({ length: Math.max(0, text.length - 1) }, (_, index) =>
        text.slice(index, index + 2),
      ),
    );
  const asked = pairs(word.toLowerCase());
  const rated = names.map((name) => {
    const own = pairs(name.toLowerCase());
    return {
      name,
      likeness:
        (2 * [...own].filter((pair) => asked.has(pair)).length) / (own.size + asked.size) || 0,
    };
  });
  const [best] = rated.sort((a, b) => b.likeness - a.likeness);
  return best && best.likeness > 0.4 ? best.name : undefined;
}
