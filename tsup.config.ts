import { defineConfig } from 'tsup';

/** One build for every package: ESM, one file per entry, declarations by tsc. */
export default defineConfig({
  entry: ['src/index.ts'],
  format: 'esm',
  target: 'node20',
  dts: false,
  clean: true,
  sourcemap: true,
  // Private to this workspace, so every package brings along what it uses of it.
  noExternal: ['@kindling/internal'],
  // Outside Node, `node:fs` is a module of the platform, and `fs` a package that is missing.
  removeNodeProtocol: false,
});
