// How dense the sources are, by TypeScript's own scanner: tokens in a line of code, conditional expressions and non-null
// assertions per 1,000 lines. Lines without a token (blank, comments) do not count; imports do.
//   node scripts/density.mjs                  a row for each package
//   node scripts/density.mjs packages/core    a row for each file, densest first
//   node scripts/density.mjs --check          fails above the limits below
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const LIMITS = { tokens: 7.5, conditionals: 20, assertions: 6, assertionsInFile: 4 };

/** Counts of one text: lines with code, tokens, `?:` and `!`. */
export function count(text) {
  const tree = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const lines = new Set();
  const counts = { lines: 0, tokens: 0, conditionals: 0, assertions: 0 };
  const lineOf = (position) => tree.getLineAndCharacterOfPosition(position).line;
  const visit = (node) => {
    if (ts.isJSDoc(node)) {
      return;
    }
    if (ts.isConditionalExpression(node)) {
      counts.conditionals += 1;
    }
    if (ts.isNonNullExpression(node)) {
      counts.assertions += 1;
    }
    const children = node.getChildren(tree);
    if (children.length > 0 || ts.isSourceFile(node)) {
      return void children.forEach(visit);
    }
    if (node.kind === ts.SyntaxKind.EndOfFileToken || node.kind === ts.SyntaxKind.SyntaxList) {
      return;
    }
    counts.tokens += 1;
    for (let line = lineOf(node.getStart(tree)); line <= lineOf(node.end); line += 1) {
      lines.add(line);
    }
  };
  visit(tree);
  return { ...counts, lines: lines.size };
}

/** The counts of several texts together. */
export function total(counts) {
  const sum = { lines: 0, tokens: 0, conditionals: 0, assertions: 0 };
  for (const one of counts) {
    for (const key of Object.keys(sum)) {
      sum[key] += one[key];
    }
  }
  return sum;
}

/** What is compared with the limits. */
export const density = ({ lines, tokens, conditionals, assertions }) => ({
  tokens: tokens / lines,
  conditionals: (conditionals / lines) * 1000,
  assertions: (assertions / lines) * 1000,
});

export const sourcesOf = (folder) =>
  readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => join(folder, 'src', file));

export const packages = () => readdirSync('packages').map((name) => join('packages', name));

function print(title, counts) {
  const { tokens, conditionals, assertions } = density(counts);
  const row = [counts.lines, tokens.toFixed(2), conditionals.toFixed(1), assertions.toFixed(1)];
  console.log(row.map((cell) => String(cell).padStart(7)).join(''), ` ${title}`);
}

if (process.argv[1]?.endsWith('density.mjs')) {
  const folders = process.argv.slice(2).filter((word) => !word.startsWith('-'));
  console.log(['lines', 'tokens', '?:', '!'].map((cell) => cell.padStart(7)).join(''));
  const of = (file) => count(readFileSync(file, 'utf8'));
  for (const folder of folders) {
    const files = sourcesOf(folder).map((file) => ({ file, counts: of(file) }));
    files.sort((one, other) => density(other.counts).tokens - density(one.counts).tokens);
    for (const { file, counts } of files) {
      print(file, counts);
    }
  }
  const all = (folders.length > 0 ? folders : packages()).map((folder) => {
    const counts = total(sourcesOf(folder).map(of));
    print(folder, counts);
    return counts;
  });
  print('together', total(all));
}
