import type { AdapterSubject, RunningApp } from '@kindling/core/adapter-conformance';
import type { KindeOptions } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import { vi } from 'vitest';
import { optionsFor } from './apps.js';

/** An adapter to be tried, whose users sign in at this emulator. Tests give the time back with `vi.useRealTimers()`. */
export function createSubject(
  emulator: Emulator,
  start: (options: KindeOptions) => Promise<RunningApp>,
  more: Partial<KindeOptions> = {},
): AdapterSubject {
  return {
    options: optionsFor(emulator, more),
    member: 'grace@example.com',
    viewer: 'alan@example.com',
    start,
    signIn: (url, user) => emulator.signIn(url, user),
    later: (seconds) =>
      void vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] }),
  };
}
