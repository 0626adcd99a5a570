import { createRequire } from 'node:module';

/** Reads a JSON file of this package by the name under which it is exported, in the sources as in what is published. */
export function ofPackage(name: 'package.json' | 'openapi.json'): unknown {
  return createRequire(import.meta.url)(`@kindling/emulator/${name}`);
}
