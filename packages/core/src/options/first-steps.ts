import type * as fs from 'node:fs';
import { bare, builtin } from '@kindling/internal';
import { OPTIONS, type KindeOptions } from './options.js';

/** The options without which nobody can sign in. */
const REQUIRED = ['issuer', 'clientId', 'siteUrl', 'secret'] as const;

/**
 * Checks for a client secret where all credentials are missing. Beside other settings none is missed: an application without
 * a secret is legal, and its app would fail no earlier than in the callback.
 */
export function checkCredentials(options: Partial<KindeOptions>): string | undefined {
  if (options.issuer || options.clientId || options.clientSecret) {
    return undefined;
  }
  return 'is missing. Leave it out only for an application that has none.';
}

/** Hints for an app whose required options are missing: the file that was not loaded, or a local Kinde that sets them all. */
export function firstSteps(given: KindeOptions, production: boolean): readonly string[] {
  const options = bare(given);
  const missing = REQUIRED.filter((name) => !options[name]);
  const file = readEnvFile();
  const unread = missing
    .flatMap((name) => OPTIONS[name].variables)
    .find((variable) => isSetIn(file, variable));
  if (unread) {
    return [
      `The file .env in this directory sets ${unread}, but it was not loaded: start with \`node --env-file=.env\`.`,
    ];
  }
  if (missing.length < REQUIRED.length || production) {
    return [];
  }
  return [
    'No Kinde account is needed for development: `npx @kindling/emulator --env .env` starts a local Kinde and writes these variables. Then start with `node --env-file=.env`.',
  ];
}

/** The text of `.env` in the working directory; empty where there is none, or no file system. */
function readEnvFile(): string {
  try {
    return builtin<typeof fs>('node:fs')?.readFileSync('.env', 'utf8') ?? '';
  } catch {
    return '';
  }
}

/** Checks that a file of variables has a value for this one. */
function isSetIn(file: string, variable: string): boolean {
  return new RegExp(`^\\s*(export\\s+)?${variable}\\s*=[ \\t]*\\S`, 'm').test(file);
}
