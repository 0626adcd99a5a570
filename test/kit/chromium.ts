import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const path = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((file) => file && existsSync(file));
const reason =
  'No Chromium found (apt-get install chromium, or set CHROMIUM_PATH): the browser tests do not run.';

/** Whether browser tests can run here. Where they cannot, it says so; in CI it fails. */
export const hasChromium = path !== undefined;
if (!hasChromium && process.env['CI']) {
  throw new Error(reason);
}
if (!hasChromium) {
  console.warn(`\n  ${reason}\n`);
}

/** A headless browser that talks to this machine only. */
export function launch(): Promise<Browser> {
  const quiet = [
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath: path!, args: ['--no-sandbox', ...quiet] });
}
