import { parseCookie } from 'cookie';
import { describe, expect, test } from 'vitest';
import type { Context } from '../src/context.js';
import { findCookie, openCookie, parseCookies, readCookies } from '../src/cookies.js';

describe('what is read from memory', () => {
  const seen = async (header: string) => {
    const seal = { open: async (text: string) => text, openCached: async (text: string) => text };
    const request = { method: 'GET', url: '/', headers: new Headers() };
    const headers = { get: () => header };
    return openCookie(readCookies({ ...request, headers }), { seal } as unknown as Context, {
      name: 'k',
      purpose: 'session',
    });
  };

  test('is the very cookie that the parser finds, however a header is written, or none', async () => {
    const written =
      'k=A|k =B|k= C|k="D"|k.0=E|k.1=F|k.1 =G|k.0=|k=|xk=H|k-login-1=I|k.x=J|a=k=K|a=b k=L|k|k.01=M|k\t=N|k.10=O|k.0=P|=Q|K=R|k\u00a0=S';
    const parts = written.split('|');
    const between = ['; ', ';', ' ; ', ';  ', ';\t', ',', ' '];
    for (const [a, b, c] of parts.flatMap((a) =>
      parts.flatMap((b) => parts.map((c) => [a, b, c] as const)),
    )) {
      for (const [first, second] of between.flatMap((one) =>
        ['; ', one].map((two) => [one, two] as const),
      )) {
        const header = a + first + b + second + c;
        const found = findCookie(header, 'k');
        // What is remembered has no blanks.
        if (found && !/[ \t]/.test(found)) {
          expect(found, JSON.stringify(header)).toBe(await seen(header));
        }
      }
    }
  });

  test('is found as browsers write it, beside cookies whose names begin or end alike', () => {
    for (const [header, value] of [
      ['k=A', 'A'],
      ['a=1; k=A', 'A'],
      ['k-login-x=1; xk=2; k=A; _k=3; z=k', 'A'],
      ['k=A; k=B', 'A'],
      ['k.1=B; k.0=A', 'AB'],
      ['k.0=A; k.2=C', 'A'],
      ['k.0=A; k=W; k.1=B', 'W'],
      ['a=1', undefined],
      ['k.1=B', undefined],
    ] as const) {
      expect(findCookie(header, 'k'), header).toBe(value);
    }
  });

  test('costs a header of any length no more than one look at every place', () => {
    const header = 'k=;'.repeat(20_000);
    expect(findCookie(header, 'k')).toBeUndefined();
    expect(findCookie(`${'kk'.repeat(20_000)}=1; k=A`, 'k')).toBe('A');
  });
});

describe('a Cookie header', () => {
  const written =
    'k=A|k =B|k= C|k="D"|k.0=E|k.1=F|k.1 =G|k.0=|k=|xk=H|k-login-1=I|k.x=J|a=k=K|a=b k=L|k|k.01=M|k\t=N|k.10=O|=Q|K=R|k\u00a0=S|';
  const between = ['; ', ';', ' ; ', ';  ', ';\t', ';;', ',', ' '];

  test('is parsed as the cookie package does, however it is written, whole or by a prefix', () => {
    const parts = written.split('|');
    const different: string[] = [];
    for (const [a, b, c] of parts.flatMap((one) =>
      parts.flatMap((two) => parts.map((three) => [one, two, three] as const)),
    )) {
      for (const separator of between) {
        const header = a + separator + b + '; ' + c;
        const all = Object.entries(parseCookie(header, { decode: (value) => value }));
        const own = all.filter(([name]) => name.startsWith('k'));
        const found = [[...parseCookies(header, '')], [...parseCookies(header, 'k')]];
        if (JSON.stringify(found) !== JSON.stringify([all, own])) {
          different.push(header);
        }
      }
    }
    expect(different).toEqual([]);
  });

  test('of any length costs one look at every character', () => {
    // One look at every pair of characters would take longer than a test may.
    for (const text of ['k=;', 'k;', 'kk', ';', ' ', '=']) {
      const header = text.repeat(100_000);
      parseCookies(header, '');
      expect(findCookie(`${header}; z=A`, 'z')).toBe('A');
    }
  });
});
