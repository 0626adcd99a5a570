import { memoryStore, type KindeOptions } from '@kindling/core';
import { adapterConformance } from '@kindling/core/adapter-conformance';
import { createEmulator } from '@kindling/emulator';
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
  [
    'with a parser of bodies',
    {
      parts: {
        first: (app) =>
          app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
            done(null, body),
          ),
      },
    },
  ],
];

const emulator = await createEmulator({ strict: true, siteUrl: SITE });
afterEach(() => void vi.useRealTimers());

describe.each(rows)('Fastify %s', (_, { parts, session = {} }) => {
  const subject = createSubject(emulator, starter(parts), { session });

  for (const { name, run } of adapterConformance) {
    test(`passes: ${name}`, () => run(subject));
  }
});
