import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

interface Counts {
  readonly lines: number;
  readonly tokens: number;
  readonly conditionals: number;
  readonly assertions: number;
}
interface Density {
  readonly LIMITS: Omit<Counts, 'lines'> & { readonly assertionsInFile: number };
  count(text: string): Counts;
  total(counts: readonly Counts[]): Counts;
  density(counts: Counts): Omit<Counts, 'lines'>;
  packages(): string[];
  sourcesOf(folder: string): string[];
}

const script = new URL('../scripts/density.mjs', import.meta.url).href;
const { LIMITS, count, density, packages, sourcesOf, total } = (await import(script)) as Density;
/** Lines of code below which one line decides about an average. */
const FEW = 150;

test('tokens, conditionals and assertions are counted where code is', () => {
  const text = `/** Says a lot. */
// and more
const a = b ? c! : \`\${d}
text\`;

f();
`;
  // const a = b ? c ! : `${ d }text` ; f ( ) ;
  expect(count(text)).toEqual({ lines: 3, tokens: 16, conditionals: 1, assertions: 1 });
});

describe.each(packages())('%s', (folder) => {
  const files = sourcesOf(folder).map((file) => ({ file, text: readFileSync(file, 'utf8') }));

  test('is no denser than a reader can take in', () => {
    const sum = total(files.map(({ text }) => count(text)));
    const found = density(sum);
    expect(found.tokens, 'tokens in a line').toBeLessThanOrEqual(
      LIMITS.tokens + (sum.lines < FEW ? 1 : 0),
    );
    if (sum.lines >= FEW) {
      expect(found.conditionals, '?: in 1,000 lines').toBeLessThanOrEqual(LIMITS.conditionals);
      expect(found.assertions, '! in 1,000 lines').toBeLessThanOrEqual(LIMITS.assertions);
    }
    for (const { file, text } of files) {
      expect(count(text).assertions, `! in ${file}`).toBeLessThanOrEqual(LIMITS.assertionsInFile);
    }
  });

  test('declares one name at a time', () => {
    for (const { file, text } of files) {
      expect(severalNames(text), file).toEqual([]);
    }
  });
});

/** Declarations of several variables, and literals that are taken apart where they stand. */
function severalNames(text: string): string[] {
  const tree = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isVariableDeclarationList(node)) {
      const [first] = node.declarations;
      let value = first?.initializer;
      while (value && (ts.isAsExpression(value) || ts.isParenthesizedExpression(value))) {
        value = value.expression;
      }
      const isTakenApart =
        first &&
        ts.isArrayBindingPattern(first.name) &&
        value &&
        ts.isArrayLiteralExpression(value);
      if (node.declarations.length > 1 || isTakenApart) {
        found.push(node.getText(tree));
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}
