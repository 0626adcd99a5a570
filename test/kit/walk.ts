// Which rooms a request goes through: every function of the sources says where it is when it is entered.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import ts from 'typescript';

/** What one request did: files and rooms in the order in which it came to them first, and how often it changed rooms. */
export interface Walk {
  readonly rooms: readonly string[];
  readonly files: readonly string[];
  /** How often the function that was entered next is in another room. */
  readonly moves: number;
  /** How often each function was entered, by its name. */
  readonly calls: ReadonlyMap<string, number>;
}

/** One entry of a function. */
interface Step {
  readonly file: string;
  readonly name: string;
}

/** The instrumented adapter, and what it does while `work` runs. */
export interface Recorder<Module> {
  readonly module: Module;
  record(work: () => Promise<unknown>): Promise<Walk>;
  close(): void;
}

/** Used everywhere, so they say nothing about the way: errors, the time, who is told, and the tools of the private package. */
const LEFT_OUT = /^packages\/(internal\/|core\/src\/(errors\.ts$|clock\.ts$|diagnostics\/))/;
/** Files whose accessors are the request and the response themselves: reading a header is no step of the way. */
const MESSAGES = /^packages\/core\/src\/adapter\/node\.ts$/;
const ENTER = '__entered';

/** Bundles the sources of a package, and of those below it, so that every function says that it was entered. */
export async function createRecorder<Module>(entry: string): Promise<Recorder<Module>> {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-walk-'));
  const outfile = join(folder, 'walk.mjs');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
    },
    plugins: [instrument],
  });
  let entered: Step[] | undefined;
  Object.assign(globalThis, {
    [ENTER]: (file: string, name: string) => entered?.push({ file, name }),
  });
  const module = (await import(pathToFileURL(outfile).href)) as Module;
  return {
    module,
    async record(work) {
      const steps: Step[] = [];
      entered = steps;
      await work().finally(() => (entered = undefined));
      return summary(steps);
    },
    close() {
      Reflect.deleteProperty(globalThis, ENTER);
      rmSync(folder, { recursive: true });
    },
  };
}

function summary(steps: readonly Step[]): Walk {
  const rooms = steps.map(({ file }) => roomOf(file));
  const calls = new Map<string, number>();
  for (const { name } of steps) {
    calls.set(name, (calls.get(name) ?? 0) + 1);
  }
  return {
    rooms: [...new Set(rooms)],
    files: [...new Set(steps.map(({ file }) => file))],
    moves: rooms.filter((room, index) => index > 0 && room !== rooms[index - 1]).length,
    calls,
  };
}

/** The folder or file below `src` in core, elsewhere the package. */
export function roomOf(file: string): string {
  const [, name = '', , room = ''] = file.split('/');
  return name === 'core' ? room.replace(/\.ts$/, '') : name;
}

const instrument: Plugin = {
  name: 'instrument',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]packages[\\/]\w+[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const file = relative(process.cwd(), path).replaceAll('\\', '/');
      const text = readFileSync(path, 'utf8');
      return { contents: LEFT_OUT.test(file) ? text : instrumented(text, file), loader: 'ts' };
    });
  },
};

/** The same text, in which every function says first where it is. */
export function instrumented(text: string, file: string): string {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const insertions: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    const isRead = MESSAGES.test(file) && ts.isClassElement(node);
    if (ts.isFunctionLike(node) && 'body' in node && node.body && !isRead) {
      const call = `${ENTER}(${JSON.stringify(file)}, ${JSON.stringify(nameOf(node, tree))})`;
      if (ts.isBlock(node.body)) {
        insertions.push({ at: node.body.getStart(tree) + 1, text: `${call};` });
      } else {
        insertions.push({ at: node.body.getStart(tree), text: `(${call}, ` });
        insertions.push({ at: node.body.end, text: ')' });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  insertions.sort((a, b) => b.at - a.at);
  return insertions.reduce(
    (changed, { at, text: inserted }) => changed.slice(0, at) + inserted + changed.slice(at),
    text,
  );
}

/** The name of a function: its own, or that of the variable or member it is given to. */
function nameOf({ name, parent }: ts.SignatureDeclaration, tree: ts.SourceFile): string {
  const given = name ?? (parent as ts.Node & { name?: ts.Node }).name;
  return given?.getText(tree) ?? '';
}
