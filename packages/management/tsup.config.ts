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

export default defineConfig({
  ...(shared as object),
  entry: ['src/**/*.ts'],
  bundle: false,
  esbuildPlugins: [
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
