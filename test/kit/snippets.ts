import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

const root = new URL('../../', import.meta.url);
const textOf = (page: string) => readFileSync(new URL(page, root), 'utf8');

/** Folders that hold no pages of ours; `reports` has declarations that a tool writes down, and nobody runs. */
const NO_PAGES = /(^|\/)(node_modules|dist|coverage|\.[^/]*)$|^(reference|reports)$/;

/** Every Markdown page of the repository but changelogs, which tell of what was. */
export function allPages(folder = ''): string[] {
  return readdirSync(new URL(folder, root), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory()) {
      return NO_PAGES.test(path) ? [] : allPages(`${path}/`);
    }
    return entry.name.endsWith('.md') && entry.name !== 'CHANGELOG.md' ? [path] : [];
  });
}

/** A piece of code on a page, marked as ```` ```ts ````, ```` ```ts express ```` or ```` ```ts fastify ````. */
export interface Snippet {
  readonly page: string;
  readonly name: string;
  readonly framework: 'express' | 'fastify' | undefined;
  readonly code: string;
}

const SNIPPET = /^```ts( express| fastify)?\n([^]*?)^```$/gm;
const LOOKS_LIKE_ONE =
  /^[^\n`~]*(?:`{3,}|~{3,})[ \t{.]*(?:[cm]?[jt]sx?|typescript|javascript|node)\b.*$/gim;

/** Every TypeScript snippet of a page, in its order. */
export function snippetsOf(page: string): Snippet[] {
  return [...textOf(page).matchAll(SNIPPET)].map(([, framework, code], index) => ({
    page,
    name: `${page} ${index + 1}`,
    framework: framework?.trim() as Snippet['framework'],
    code: code!,
  }));
}

/** Code of a page that `snippetsOf` does not find: in JavaScript, indented, or marked with words that nobody reads. */
export function overlookedIn(page: string): string[] {
  const text = textOf(page);
  const found = new Set([...text.matchAll(SNIPPET)].map(({ index }) => index));
  return [...text.matchAll(LOOKS_LIKE_ONE)]
    .filter(({ index }) => !found.has(index))
    .map(([line]) => `${page}: ${line.trim()}`);
}

const TYPES = { express: 'Express', fastify: 'FastifyInstance' } as const;

/** Imports at the top, and everything else. */
function parted(code: string): { imports: string[]; body: string } {
  const imports = [...code.matchAll(/^import [^;]*;.*$/gm)].map(([line]) => line);
  return { imports, body: imports.reduce((text, line) => text.replace(line, ''), code) };
}

/** Snippets that continue each other, as one. */
export function joined(snippets: readonly Snippet[]): Snippet {
  const parts = snippets.map(({ code }) => parted(code));
  const imports = new Set(parts.flatMap((part) => part.imports));
  const code = [...imports, ...parts.map(({ body }) => body)].join('\n');
  return {
    ...snippets[0]!,
    framework: snippets.find(({ framework }) => framework)?.framework,
    code,
  };
}

/**
 * A module that says what the page says. What is for a framework becomes `add(app)`, with the names that pages take for
 * granted; imports move to the top.
 */
export function moduleOf({ framework, code }: Snippet): string {
  if (!framework) {
    return /^(import|export) /m.test(code) ? code : `${code}\nexport {};\n`;
  }
  const { imports, body } = parted(code);
  const known = ['assertSignedIn', 'getPermission', 'protect'].filter(
    (name) => !imports.some((line) => new RegExp(`\\b${name}\\b`).test(line)),
  );
  return [
    ...imports,
    `import { ${known.join(', ')} } from '@kindling/${framework}';`,
    `import type { ${TYPES[framework]} } from '${framework}';`,
    'declare global { function escapeHtml(text: string): string; var users: { save(user: object): Promise<void> }; }',
    `export async function add(app: ${TYPES[framework]}): Promise<void> {\n${body}\n}`,
    `void [${known.join(', ')}];`,
  ].join('\n');
}

/** Writes modules into a folder beside the tests, where packages resolve, and answers their paths. */
export function written(
  folder: string,
  modules: readonly string[],
): { files: string[]; remove(): void } {
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
  const { config } = ts.readConfigFile(
    new URL('tsconfig.base.json', root).pathname,
    ts.sys.readFile,
  );
  const { options } = ts.parseJsonConfigFileContent(
    { compilerOptions: { ...config.compilerOptions, ...change }, files },
    ts.sys,
    root.pathname,
  );
  return ts
    .getPreEmitDiagnostics(ts.createProgram([...files], options))
    .map(
      ({ messageText, file }) =>
        `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}
