import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { lineOf, requestLine } from '../src/cli/lines.js';
import { jsonOf } from '../src/cli/print.js';
import { screenOf } from '../src/cli/screen.js';
import { textOf } from '../src/env/format.js';
import { variablesFor } from '../src/env/variables.js';
import { createEmulator } from '../src/index.js';
import { callerOf, managementToken } from './kit.js';

/** Erases the screen, sets a title in the way of C1, begins a line, and turns what follows. */
const HOSTILE = '\u001b[2J\u009d0;x\u0007\r\nKINDE\u2028\u202e_ADMIN=1';
const CONTROLS = /[^\P{Cc}\n]|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

async function hostile() {
  const emulator = await createEmulator();
  const { state } = emulator;
  Object.assign(state.people[0]!, { email: HOSTILE, givenName: HOSTILE });
  state.organizations['org_acme0rockets']!.name = HOSTILE;
  const call = callerOf(emulator, await managementToken(emulator));
  await call('apis.create', { name: HOSTILE, audience: `https://api.example/${HOSTILE}` });
  const [application] = state.applications;
  application!.audiences = [`https://api.example/${HOSTILE}`];
  application!.redirectUris = [`http://localhost:3000/${HOSTILE}`];
  return emulator;
}

test('names that strangers chose move no cursor and begin no line on the terminal', async () => {
  const emulator = await hostile();
  const { issuer: url, state } = emulator;
  const screen = screenOf({
    emulator,
    url,
    dashboard: url,
    environment: 'default',
    isReachable: false,
    sdk: 'kindling',
    seedFile: undefined,
    stateFile: undefined,
    certificate: undefined,
  });
  expect(screen).not.toMatch(CONTROLS);
  expect(screen).not.toMatch(/^ *KINDE_ADMIN/m);
  state.journal.append({ kind: 'remark', text: HOSTILE });
  await emulator.fetch(`${url}/oauth2/auth?x=${encodeURIComponent(HOSTILE)}&client_id=%1b%5bm`);
  for (const entry of state.journal.after(0)) {
    expect(lineOf(entry, url) ?? '').not.toMatch(CONTROLS);
    expect(entry.kind === 'request' ? requestLine(entry) : '').not.toMatch(CONTROLS);
  }
});

test('the stream of JSON has no such characters either, and says the same', () => {
  const text = jsonOf({ name: HOSTILE });
  expect(text).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  expect(JSON.parse(text)).toEqual({ name: HOSTILE });
});

test('an address that an app registered sets no other variable in a file of variables', async () => {
  const { state } = await hostile();
  const { values } = variablesFor('kindling', state);
  expect(values['KINDE_AUDIENCE']).toContain(HOSTILE);
  const text = textOf(values, 'dotenv');
  expect(Object.keys(parseEnv(text)).sort()).toEqual(Object.keys(values).sort());
});
