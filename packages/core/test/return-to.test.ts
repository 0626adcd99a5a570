import fc from 'fast-check';
import { expect, test } from 'vitest';
import { safeReturnTo } from '../src/return-to.js';

const SITE = 'https://app.example';
const rules = {
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
])('%s %j is a place to return to', (_id, target, expected) => expect(safeReturnTo(target, rules)).toBe(expected));

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
  ['', ''],
  ['', undefined],
  ['', null],
])('%s %j is not', (_id, target) => expect(safeReturnTo(target, rules)).toBe(`${SITE}/`));

test.each(['?', '#x', '.', '@evil.example', ':80/x', ';x'])('OR-18 %j stays on this site', (target) => {
  expect(new URL(safeReturnTo(target, rules)).origin).toBe(SITE);
});

test('OR-24 no text at all leads to another origin', () => {
  const piece = fc.constantFrom(
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
    'evil.example',
    'https',
    'javascript',
    '%2f',
    '%5c',
    'ü',
    '。',
    'app.example',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (pieces) => {
      const location = safeReturnTo(pieces.join(''), rules);
      const url = new URL(location, 'https://somewhere.else');
      expect(rules.origins).toContain(url.origin);
      expect(url.href).toBe(location);
      expect(url.pathname.startsWith('//')).toBe(false);
    }),
    { numRuns: 20_000 },
  );
});
