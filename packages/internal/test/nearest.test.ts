import { expect, test } from 'vitest';
import { nearest } from '../src/nearest.js';

const OPTIONS = ['clientId', 'clientSecret', 'issuer', 'siteUrl'];

test.each([
  ['clientid', 'clientId'],
  ['clinetId', 'clientId'],
  ['isuer', 'issuer'],
  ['site_url', 'siteUrl'],
  ['issuers', 'issuer'],
])('%s is taken for %s', (word, meant) => {
  expect(nearest(word, OPTIONS)).toBe(meant);
});

test('words that need more than three edits are not suggested', () => {
  expect(nearest('password', OPTIONS)).toBeUndefined();
  expect(nearest('abcd', ['efgh'])).toBeUndefined();
});

test('a word of which no letter fits is not suggested, however short', () => {
  expect(nearest('abc', ['efg'])).toBeUndefined();
  expect(nearest('x', ['s', 'b'])).toBeUndefined();
});

test('the beginning of one known word is taken for it, and that of several for none', () => {
  expect(nearest('org_acme', ['org_acme_rockets', 'org_other'])).toBe('org_acme_rockets');
  expect(nearest('org_acme', ['org_acme_rockets', 'org_acme_planes'])).toBeUndefined();
  expect(nearest('org', ['org_acme_rockets'])).toBeUndefined();
});

test('of equally near words the first is suggested', () => {
  expect(nearest('cat', ['bat', 'hat'])).toBe('bat');
  expect(nearest('cat', ['hat', 'bat'])).toBe('hat');
});

test('there is no suggestion without known words', () => {
  expect(nearest('issuer', [])).toBeUndefined();
});

test('input of any length takes little time', () => {
  expect(nearest('x'.repeat(1_000_000), OPTIONS)).toBeUndefined();
});
