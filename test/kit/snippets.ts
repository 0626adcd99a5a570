import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const root = new URL('../../', import.meta.url);

/** A piece of code on a page, marked as ```` ```ts ````, ```` ```ts express ```` or ```` ```ts fastify ````. */
export interface Snippet {
  readonly name: string;
  readonly framework: 'express' | 'fastify' | undefined;
  readonly code: string;
}

/** Every TypeScript snippet of a page, in its order. */
export function snippetsOf(page: string): Snippet[] {
  const found = readFileSync(new URL(page, root), 'utf8').matchAll(/^```ts( express| fastify)?\n([^]*?)^```$/gm);
  return [...found].map(([, framework, code], index) => ({
    name: `${page} ${index + 1}`,
    framework: framework?.trim() as Snippet['framework'],
    code: code!,
  }));
}

const TYPES = { express: 'Express', fastify: 'FastifyInstance' } as const;

/**
 * A module that says what the page says. What is for a framework becomes `add(app)`, with the names that pages take for
 * granted; imports move to the top.
 */
export function moduleOf({ framework, code }: Snippet): string {
  if (!framework) return code;
  const imports = [...code.matchAll(/^import [^;]*;$/gm)].map(([text]) => text);
  const body = imports.reduce((text, line) => text.replace(line, ''), code);
  const known = ['assertSignedIn', 'protect'].filter((name) => !imports.some((line) => line.includes(name)));
  return [
    ...imports,
    `import { ${known.join(', ')} } from '@kindling/${framework}';`,
    `import type { ${TYPES[framework]} } from '${framework}';`,
    'declare global { function escapeHtml(text: string): string; var people: { save(person: object): Promise<void> }; }',
    `export async function add(app: ${TYPES[framework]}): Promise<void> {\n${body}\n}`,
    `void [${known.join(', ')}];`,
  ].join('\n');
}

/** Writes modules into a folder beside the tests, where packages resolve, and answers their paths. */
export function written(folder: string, modules: readonly string[]): { files: string[]; remove(): void } {
  const url = new URL(`test/.${folder}/`, root);
  mkdirSync(url, { recursive: true });
  const files = modules.map((code, index) => {
    const file = new URL(`snippet-${index}.ts`, url).pathname;
    writeFileSync(file, code);
    return file;
  });
  return { files, remove: () => rmSync(url, { recursive: true, force: true }) };
}

/** What the compiler has against these files, under the rules of the packages or with some of them changed. */
export function problemsOf(files: readonly string[], change: ts.CompilerOptions = {}): string[] {
  const { config } = ts.readConfigFile(new URL('tsconfig.base.json', root).pathname, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { compilerOptions: { ...config.compilerOptions, ...change }, files },
    ts.sys,
    root.pathname,
  );
  return ts
    .getPreEmitDiagnostics(ts.createProgram([...files], options))
    .map(({ messageText, file }) => `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}
