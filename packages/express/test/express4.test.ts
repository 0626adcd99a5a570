import { memoryStore, type KindeOptions } from '@kindling/core';
import { adapterConformance } from '@kindling/core/adapter-conformance';
import { createEmulator } from '@kindling/emulator';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import createExpress from 'express4';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../../../test/kit/apps.js';
import { createSubject } from '../../../test/kit/subject.js';
import { kinde } from '../src/index.js';
import { listen, starter, type Framework, type Parts } from './app.js';

type Row = readonly [
  string,
  { readonly parts?: Partial<Parts>; readonly session?: KindeOptions['session'] },
];

const rows: readonly Row[] = [
  ['with sessions in the cookie', {}],
  ['with sessions in a store', { session: { store: memoryStore() } }],
  [
    'behind a parser of bodies',
    { parts: { first: createExpress.text({ type: '*/*' }) as RequestHandler } },
  ],
];

// Its types differ from those of Express 5 in what handlers may return.
const create = createExpress as unknown as Framework;
const emulator = await createEmulator({ strict: true, siteUrl: SITE });
afterEach(() => void vi.useRealTimers());

describe.each(rows)('Express 4 %s', (_, { parts, session = {} }) => {
  const subject = createSubject(emulator, starter(create, parts), { session });

  for (const { name, run } of adapterConformance) {
    test(`passes: ${name}`, () => run(subject));
  }
});

test('an answer of the core that comes after another one is an error for the app, and ends no process', async () => {
  const errors: unknown[] = [];
  const keep: ErrorRequestHandler = (error, _req, _res, _next) => void errors.push(error);
  const app = create();
  app.use((_req, res, next) => {
    next();
    res.end('first');
  });
  app.use(kinde(optionsFor(emulator)), keep);
  const { url, close } = await listen(app);
  expect(await (await fetch(`${url}/logout`, { method: 'POST' })).text()).toBe('first');
  await vi.waitFor(() =>
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' })]),
  );
  await close();
});
