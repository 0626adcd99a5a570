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

const isPrivate = (file: string): boolean => /[\\/]internal[\\/]src[\\/]/.test(file);

export default defineConfig({
  ...(shared as object),
  entry: ['src/**/*.ts'],
  // Each file stays a file, and brings along what it uses of the private package.
  splitting: false,
  treeshake: false,
  esbuildPlugins: [
    {
      name: 'own-files-apart',
      setup({ onResolve }) {
        onResolve({ filter: /^\.{1,2}[\\/]/ }, ({ path, importer }) => {
          if (isPrivate(importer) || importer === '') {
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
