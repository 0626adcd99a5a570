import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { safeReturnTo } from '../../src/http/return-to.js';

const SITE = 'https://app.example';
const rules = {
  home: `${SITE}/`,
  origins: [SITE, 'https://docs.app.example'],
  fallback: `${SITE}/`,
  avoid: ['/login', '/logout', '/callback'],
};

test.each([
  ['OR-17', '/ok?x=1#f', `${SITE}/ok?x=1#f`],
  ['OR-17', `${SITE}/ok?x=1#f`, `${SITE}/ok?x=1#f`],
  ['OR-14', '%2f%2fevil.example', `${SITE}/%2f%2fevil.example`],
  ['OR-15', '/%2f%2fevil.example', `${SITE}/%2f%2fevil.example`],
  ['OR-15', '/%5cevil.example', `${SITE}/%5cevil.example`],
  ['OR-26', 'https://docs.app.example/x', 'https://docs.app.example/x'],
  ['', '/todos?q=a b', `${SITE}/todos?q=a%20b`],
])('%s %j is a place to return to', (_id, target, expected) =>
  expect(safeReturnTo(target, rules)).toBe(expected),
);

test.each([
  ['OR-01', '//evil.example'],
  ['OR-02', '/\\evil.example'],
  ['OR-03', '\\\\evil.example'],
  ['OR-03', '\\/evil.example'],
  ['OR-04', '/\t/evil.example'],
  ['OR-05', '/\n/evil.example'],
  ['OR-05', '/\r\\evil.example'],
  ['OR-06', ' //evil.example'],
  ['OR-07', 'https://evil.example'],
  ['OR-07', 'HTTPS://evil.example'],
  ['OR-07', 'https:///evil.example'],
  ['OR-08', 'javascript:alert(1)'],
  ['OR-08', 'java\nscript:alert(1)'],
  ['OR-08', 'JaVaScRiPt:alert(1)'],
  ['OR-09', 'data:text/html,x'],
  ['OR-09', 'vbscript:x'],
  ['OR-09', 'file:///etc/passwd'],
  ['OR-09', 'ws://app.example/'],
  ['OR-10', 'https://app.example@evil.example/'],
  ['OR-10', 'https://app.example:x@evil.example'],
  ['OR-10', 'https://user@app.example/'],
  ['OR-11', 'https://app.example.evil.example/'],
  ['OR-11', 'https://evil.example/https://app.example'],
  ['OR-12', 'https://evil.example#app.example'],
  ['OR-12', 'https://evil.example\\@app.example/'],
  ['OR-13', '/a/..//evil.example'],
  ['OR-16', 'https://app.example:8443/x'],
  ['OR-16', 'http://app.example/x'],
  ['OR-20', `/${'a'.repeat(5000)}`],
  ['OR-21', '/logout'],
  ['OR-21', '/callback?code=1'],
  ['OR-21', '/login'],
  ['OR-21', '/%6cogout'],
  ['OR-26', 'https://docs.app.example.evil.example'],
  ['OR-26', 'https://xdocs.app.example'],
  ['OR-26', 'http://docs.app.example'],
  ['FD-30', `blob:${SITE}/5c1f`],
  ['FD-30', `blob:${SITE}`],
  ['FD-30', `filesystem:${SITE}/temporary/x`],
  ['FD-30', `BLOB:${SITE}/x`],
  ['FD-25', '/Login/'],
  ['FD-25', '/LOGOUT'],
  ['FD-25', '/%4cOGIN%2f?x=1'],
  ['FD-25', '/callback//'],
  ['FD-25', `${SITE}:443/logout/#x`],
  ['', ''],
  ['', undefined],
  ['', null],
])('%s %j is not', (_id, target) => expect(safeReturnTo(target, rules)).toBe(`${SITE}/`));

test.each(['?', '#x', '.', '@evil.example', ':80/x', ';x'])(
  'OR-18 %j stays on this site',
  (target) => {
    expect(new URL(safeReturnTo(target, rules)).origin).toBe(SITE);
  },
);

test.each([
  ['/app/todos', `${SITE}/app/todos`],
  ['todos', `${SITE}/app/todos`],
  ['?page=2', `${SITE}/app/?page=2`],
  ['/', `${SITE}/`],
  ['/login', `${SITE}/login`],
  ['/app/login', `${SITE}/app/`],
  ['/app//login', `${SITE}/app/`],
  ['/APP/Logout/', `${SITE}/app/`],
  ['logout', `${SITE}/app/`],
])('FD-12 below a path, %j leads to %j', (target, expected) => {
  const home = `${SITE}/app/`;
  const below = { home, origins: [SITE], fallback: home, avoid: ['/app/login', '/app/logout'] };
  expect(safeReturnTo(target, below)).toBe(expected);
});

describe('FD-05 a target that is too long', () => {
  const long = 'x'.repeat(3000);

  test('loses its fragment first, then its query, and keeps its path', () => {
    expect(safeReturnTo(`/t/1?a=b#${long}`, rules)).toBe(`${SITE}/t/1?a=b`);
    expect(safeReturnTo(`/t/1?f=${long}#x`, rules)).toBe(`${SITE}/t/1`);
    expect(safeReturnTo(`https://docs.app.example/t/1?f=${long}`, rules)).toBe(
      'https://docs.app.example/t/1',
    );
    expect(safeReturnTo(`/${long}`, rules)).toBe(`${SITE}/`);
  });

  test('is measured as it is sent: characters beyond ASCII take six to twelve bytes', () => {
    expect(safeReturnTo(`/ü?q=${'ü'.repeat(300)}`, rules)).toBe(
      `${SITE}/%C3%BC?q=${'%C3%BC'.repeat(300)}`,
    );
    expect(safeReturnTo(`/ü?q=${'ü'.repeat(400)}`, rules)).toBe(`${SITE}/%C3%BC`);
    expect(safeReturnTo(`/t#${'🎈'.repeat(200)}`, rules)).toBe(`${SITE}/t`);
    expect(safeReturnTo(`/${'日'.repeat(250)}`, rules)).toBe(`${SITE}/`);
  });

  test('fits the room that there is, to the byte', () => {
    const target = `${SITE}/t/1?q=%C3%BC#end`;
    expect(safeReturnTo('/t/1?q=ü#end', rules, target.length)).toBe(target);
    expect(safeReturnTo('/t/1?q=ü#end', rules, target.length - 1)).toBe(`${SITE}/t/1?q=%C3%BC`);
    expect(safeReturnTo('/t/1?q=ü#end', rules, `${SITE}/t/1`.length)).toBe(`${SITE}/t/1`);
    expect(safeReturnTo('/t/1?q=ü#end', rules, `${SITE}/t/`.length)).toBe(`${SITE}/`);
  });

  test('does not lead to an own auth route by what it loses', () => {
    expect(safeReturnTo(`/logout?${long}`, rules)).toBe(`${SITE}/`);
    expect(safeReturnTo(`/Login/?${'ü'.repeat(3000)}`, rules)).toBe(`${SITE}/`);
  });
});

test('OR-24 FD-05 FD-30 no text at all leads to another origin, to an own auth route, or takes more than its room', () => {
  const piece = fc.constantFrom(
    ...[
      '/',
      '\\',
      ':',
      '@',
      '?',
      '#',
      '%',
      '.',
      ';',
      '\t',
      '\r',
      '\n',
      '\0',
      ' ',
      'a',
      'ü',
      '。',
      '日本',
      '🎈',
      '%2f',
      '%5c',
    ],
    ...[
      'evil.example',
      'https',
      'http',
      'javascript',
      'blob:',
      'app.example',
      SITE,
      `blob:${SITE}`,
    ],
    ...['login', 'Login', 'LOGOUT', '/callback/', '%4Cogin', 'x'.repeat(200), 'é'.repeat(60)],
  );
  const anything = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 12,
  });
  const own = /^\/+(login|logout|callback)\/*$/i;
  const asciiOf = (path: string) =>
    path.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const room = fc.integer({ min: rules.fallback.length, max: 2048 });
  fc.assert(
    fc.property(anything, room, (pieces, most) => {
      const location = safeReturnTo(pieces.join(''), rules, most);
      const url = new URL(location, 'https://somewhere.else');
      expect(rules.origins).toContain(url.origin);
      expect(url.href).toBe(location);
      expect(location).toMatch(/^https:\/\/[\x21-\x7e]+$/);
      expect(location.length).toBeLessThanOrEqual(most);
      if (url.origin === SITE) {
        expect(asciiOf(url.pathname)).not.toMatch(own);
      }
      expect(url.pathname.startsWith('//')).toBe(false);
    }),
    { numRuns: 20_000 },
  );
});
