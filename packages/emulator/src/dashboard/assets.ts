import { createHash } from 'node:crypto';
import { SCRIPT } from './script.js';
import { STYLE } from './style.js';

const ASSETS = {
  '/emulator/style.css': { type: 'text/css; charset=utf-8', text: STYLE },
  '/emulator/dashboard.js': { type: 'text/javascript; charset=utf-8', text: SCRIPT },
} as const;

/** Address of the style sheet. It changes with its text, so that browsers may keep it. */
export const STYLE_PATH = versioned('/emulator/style.css');
/** Address of the script. It changes with its text, so that browsers may keep it. */
export const SCRIPT_PATH = versioned('/emulator/dashboard.js');

function versioned(path: keyof typeof ASSETS): string {
  const hash = createHash('sha256').update(ASSETS[path].text).digest('hex');
  return `${path}?v=${hash.slice(0, 12)}`;
}

/** The style sheet or the script, if that is what was asked for. Anybody may have them: they say nothing. */
export function assetOf(path: string): Response | undefined {
  if (!Object.hasOwn(ASSETS, path)) {
    return undefined;
  }
  const { type, text } = ASSETS[path as keyof typeof ASSETS];
  return new Response(text, {
    headers: {
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
    },
  });
}
