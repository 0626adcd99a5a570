import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { defineConfig } from 'tsup';
import shared from '../../tsup.config.js';

/**
 * One file per source, so that a bundler can leave out the resources that nobody calls. Within a resource it can do so
 * when it knows that describing an operation has no effect, which it believes of marked calls only, and of no spread
 * (`...page`) unless it is inside of one.
 */
const pure = (source: string): string =>
  source
    .replace(/\b(v\.\w+|op|answer)\(/g, '/* @__PURE__ */ $&')
    .replace(/= (\/\* @__PURE__ \*\/ op\(\{[^]*?^\}\));$/gm, (statement, call: string) =>
      call.includes('...') ? `= /* @__PURE__ */ (() => ${call})();` : statement,
    );

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length).replaceAll('\\', '/'));

/** The private package becomes one more file, instead of a copy in each file that imports it. */
const entry = {
  ...Object.fromEntries(sources.map((name) => [name, `src/${name}.ts`])),
  internal: '../internal/src/index.ts',
};

export default defineConfig({
  ...(shared as object),
  entry,
  splitting: false,
  esbuildPlugins: [
    {
      name: 'one-file-per-source',
      setup({ onResolve }) {
        onResolve({ filter: /^@kindling\/internal$/ }, () => ({
          path: './internal.js',
          external: true,
        }));
        onResolve({ filter: /^\.{1,2}\// }, ({ path, importer }) => {
          if (!/[\\/]management[\\/]src[\\/]/.test(importer)) {
            return undefined;
          }
          return { path, external: true };
        });
      },
    },
    {
      name: 'pure-contract',
      setup({ onLoad }) {
        onLoad({ filter: /[\\/](contract[\\/][\w-]+|schema)\.ts$/ }, async ({ path }) => ({
          contents: pure(await readFile(path, 'utf8')),
          loader: 'ts',
        }));
      },
    },
  ],
});
