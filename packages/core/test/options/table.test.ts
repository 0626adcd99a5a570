import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { environmentVariables } from '../../src/index.js';
import { anything, checkText, whole } from '../../src/options/checks.js';
import { checkEach, table, unknownNames, withDefaults } from '../../src/options/entries.js';
import type { Entries, Entry } from '../../src/options/entries.js';
import { OPTIONS, PATHS, SESSION } from '../../src/options/options.js';

interface Options {
  name: string;
  size?: number;
  store?: object;
}

const entries = table({
  name: { required: true, check: checkText },
  size: { check: whole(1, 9), default: 5 },
  store: { check: anything },
} satisfies Entries<Options>);

const name = { required: true, check: checkText } as const;
const size = { check: anything };
const store = { check: anything };

describe('a table of options', () => {
  test('compiles only with an entry for every option, and none beside', () => {
    // @ts-expect-error `store` has no entry.
    const lacking = { name, size } satisfies Entries<Options>;
    // @ts-expect-error `shop` is no option.
    const beside = { name, size, store, shop: store } satisfies Entries<Options>;
    // @ts-expect-error `name` is required.
    const optional = { name: store, size, store } satisfies Entries<Options>;
    // @ts-expect-error `size` is optional.
    const required = { name, size: name, store } satisfies Entries<Options>;
    // @ts-expect-error The default is of another type.
    const wrong = { name, size: { ...size, default: '5' }, store } satisfies Entries<Options>;
    expect([lacking, beside, optional, required, wrong]).toHaveLength(5);
  });

  test('applies defaults to what is left out, in its own order, and leaves the rest out', () => {
    const complete = withDefaults(entries, { store, name: 'a' } as Options);
    const total: number = complete.size;
    expect([total, Object.keys(complete)]).toEqual([5, ['name', 'size', 'store']]);
    expect(Object.keys(withDefaults(entries, { name: 'a', size: 0 }))).toEqual(['name', 'size']);
    expect(withDefaults(entries, { name: 'a', size: 0 }).size).toBe(0);
  });

  test('checks what is given, and what is required', () => {
    expect(checkEach(entries, { name: 'a', size: 5 }).flat()).toEqual([
      ...['name', undefined, 'size', undefined],
    ]);
    expect(checkEach(entries, { size: 0 }, 'some.')).toEqual([
      ['some.name', 'must be text.'],
      ['some.size', 'must be a whole number of seconds from 1 to 9.'],
    ]);
  });

  test('names what is no option, with a guess or a hint', () => {
    const hints = { color: 'it is always blue.' };
    expect(unknownNames(entries, { nmae: 1, color: 2, unheard: 3 }, 'some.', hints)).toEqual([
      '`some.nmae` is not an option; did you mean `some.name`?',
      '`some.color` is not an option: it is always blue.',
      '`some.unheard` is not an option.',
    ]);
  });

  test('OP-25 has no member of Object.prototype, and takes none', () => {
    const polluted = Object.prototype as unknown as Record<string, unknown>;
    polluted['default'] = 7;
    polluted['size'] = 8;
    polluted['required'] = true;
    try {
      expect(withDefaults(entries, { name: 'a' })).toEqual({ name: 'a', size: 5 });
      expect(checkEach(entries, { name: 'a' })).toEqual([['name', undefined]]);
      expect(Object.keys(withDefaults(OPTIONS, {} as never))).not.toContain('clientSecret');
    } finally {
      delete polluted['default'];
      delete polluted['size'];
      delete polluted['required'];
    }
  });
});

describe.each(Object.entries({ OPTIONS, SESSION, PATHS }))('%s', (_title, options) => {
  const rows: [string, Entry][] = Object.entries(options);

  test('has defaults that pass its own checks', () => {
    const given = rows.filter(([, entry]) => entry.default !== undefined);
    expect(given.length).toBeGreaterThan(2);
    for (const [option, entry] of given) {
      expect([entry.check(entry.default)].flat().filter(Boolean), option).toEqual([]);
    }
  });

  test('is frozen, with all of its entries', () => {
    expect([options, ...Object.values(options)].every(Object.isFrozen)).toBe(true);
  });
});

test('no variable belongs to two options', () => {
  const names = environmentVariables().flatMap(({ variables, furtherVariables }) => [
    ...variables,
    ...furtherVariables,
  ]);
  expect(names).toEqual(expect.arrayContaining(['KINDE_ISSUER_URL', 'SITE_PORT', 'SESSION_TYPE']));
  expect(new Set(names).size).toBe(names.length);
});

test('the reference page has every option, with its variables and its default', () => {
  execFileSync(process.execPath, ['scripts/configuration-reference.mjs', '--check']);
}, 20_000);
