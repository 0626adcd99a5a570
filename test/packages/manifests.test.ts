import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

/** Those that are published. */
const folders = readdirSync('packages').filter(
  (name) =>
    existsSync(`packages/${name}/package.json`) &&
    !JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8')).private,
);
const changesets = readdirSync('.changeset')
  .filter((file) => file.endsWith('.md'))
  .map((file) => readFileSync(`.changeset/${file}`, 'utf8'));

/** The lines of Node on which `require()` loads ES modules (from 20.19 and 22.12 on) and that are still maintained. */
const ENGINES = { node: '^20.19.0 || >=22.12.0' };

test('the workspace runs on the same Node as its packages', () => {
  expect(JSON.parse(readFileSync('package.json', 'utf8')).engines).toEqual(ENGINES);
});

describe.each(folders)('@kindling/%s', (name) => {
  const folder = `packages/${name}`;
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));

  test('tells npm what it is, for whom, and under which licence', () => {
    expect(manifest).toMatchObject({
      name: `@kindling/${name}`,
      description: expect.stringMatching(/^.{20,120}$/),
      keywords: expect.arrayContaining(['kinde']),
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: ENGINES,
      files: expect.arrayContaining(['dist']),
      publishConfig: { access: 'public' },
    });
    expect(manifest.private).toBeUndefined();
    expect(readFileSync(`${folder}/LICENSE`, 'utf8')).toBe(readFileSync('LICENSE', 'utf8'));
    expect(readFileSync(`${folder}/README.md`, 'utf8')).toMatch(
      new RegExp(`^# @kindling/${name}\n`),
    );
  });

  test('publishes every entry that it has here, with types first', () => {
    expect(Object.keys(manifest.publishConfig.exports)).toEqual(Object.keys(manifest.exports));
    expect(manifest.publishConfig.exports['./package.json']).toBe('./package.json');
    for (const target of Object.values<string | Record<string, string>>(
      manifest.publishConfig.exports,
    )) {
      if (typeof target === 'string') {
        continue;
      }
      expect(Object.keys(target)).toEqual(['types', 'default']);
      expect(target['types']).toBe(target['default']?.replace(/\.js$/, '.d.ts'));
    }
  });

  test('publishes each entry for the resolution `node10`, too, which does not read exports', () => {
    const { exports, main, types, typesVersions } = manifest.publishConfig;
    const entries = Object.entries<string | Record<string, string>>(exports).flatMap(
      ([entry, target]) =>
        typeof target === 'string' || entry === '.' ? [] : [[entry.slice(2), [target['types']]]],
    );
    expect({ types, default: main }).toEqual(exports['.']);
    expect(typesVersions).toEqual(
      entries.length > 0 ? { '*': Object.fromEntries(entries) } : undefined,
    );
  });

  test('runs nothing on the machine that installs it', () => {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']) {
      expect(manifest.scripts).not.toHaveProperty(script);
    }
  });

  test('has been released, or is in a changeset that will release it', () => {
    const isNamed = changesets.some((text) => text.includes(`'@kindling/${name}': `));
    expect(manifest.version !== '0.0.0' || isNamed).toBe(true);
  });
});
