import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SDKS, type Sdk } from './sdks.js';

/** Manifests, and the SDKs that they may name. All others are of JavaScript. */
const MANIFESTS: readonly [file: RegExp, sdks: readonly string[]][] = [
  [/^(requirements.*\.txt|pyproject\.toml|Pipfile)$/, ['python']],
  [/^composer\.json$/, ['php']],
  [/^(pom\.xml|build\.gradle(\.kts)?)$/, ['java']],
  [/^go\.mod$/, ['go']],
  [/^Gemfile$/, ['ruby']],
  [/\.csproj$/, ['dotnet']],
  [/^mix\.exs$/, ['elixir']],
];
const OTHERS = new Set(MANIFESTS.flatMap(([, names]) => names));

/** The SDK that a project's manifest names; that of this project where it names none. */
export function detectSdk(folder: string): Sdk {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const found = files.flatMap((file) => SDKS.filter((sdk) => isNamed(sdk, folder, file)));
  return found[0] ?? SDKS[0]!;
}

function isNamed({ name, packages }: Sdk, folder: string, file: string): boolean {
  const [, sdks] = MANIFESTS.find(([pattern]) => pattern.test(file)) ?? [];
  const isJavaScript = file === 'package.json' && !OTHERS.has(name);
  if (!isJavaScript && !sdks?.includes(name)) {
    return false;
  }
  const text = readFileSync(join(folder, file), 'utf8').toLowerCase();
  return packages.some((one) => text.includes(isJavaScript ? `"${one}"` : one.toLowerCase()));
}
