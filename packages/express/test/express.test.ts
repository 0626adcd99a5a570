import { memoryStore, type KindeOptions } from '@kindling/core';
import { adapterConformance } from '@kindling/core/adapter-conformance';
import { createEmulator } from '@kindling/emulator';
import createExpress from 'express';
import { afterEach, describe, test, vi } from 'vitest';
import { SITE } from '../../../test/kit/apps.js';
import { createSubject } from '../../../test/kit/subject.js';
import { starter, type Parts } from './app.js';

type Row = readonly [
  string,
  { readonly parts?: Partial<Parts>; readonly session?: KindeOptions['session'] },
];

const rows: readonly Row[] = [
  ['with sessions in the cookie', {}],
  [
    'with sessions in the cookie and a store for coordination',
    { session: { coordination: memoryStore() } },
  ],
  ['with sessions in a store', { session: { store: memoryStore() } }],
  ['behind a parser of bodies', { parts: { first: createExpress.text({ type: '*/*' }) } }],
];

const emulator = await createEmulator({ strict: true, siteUrl: SITE });
afterEach(() => void vi.useRealTimers());

describe.each(rows)('Express 5 %s', (_, { parts, session = {} }) => {
  const subject = createSubject(emulator, starter(createExpress, parts), { session });

  for (const { name, run } of adapterConformance) {
    test(`passes: ${name}`, () => run(subject));
  }
});
