import { defineConfig } from 'tsup';
import shared from '../../tsup.config.js';

/** One file per resource, so that a bundler can leave out those that nobody calls. */
export default defineConfig({
  ...(shared as object),
  entry: ['src/index.ts', 'src/contract/*.ts'],
});
