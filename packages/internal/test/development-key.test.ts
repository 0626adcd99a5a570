import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { isInsecureKeyId, isPublishedKey } from '../src/development-key.js';

const hash = async (text: string) => createHash('sha256').update(text).digest('base64url');

/** The public half of the development key that the local Kinde signs with where it has no port. */
const PUBLISHED = {
  kty: 'RSA',
  n: 'tyhqDfRHZEZAl62j1vXHM5UggYDYRehwNBwjSfoLHKEFQF5ppkLRi-79r8NSKhgBtjskF7oxTIfyFvjlvzEaX7MOr3Hfxez1lHpEMf4jYJR5KzbNXF1vHpkmTcH1UbHkrs60UzAhZDgPmmCSjmUbSWHpcwOjPbVcDTiUzgwGdLx8fklwzKb3-3nhgM-UEywAILOdu-JLrpG2_2WpKc_zhL7HSuw-dRIdJIYPD0iaAt9ly0KvSb6VIlfzVeOFH6BARppObFnWjVyMPiWTEBV6DDu-t8rt1FevTC5YfETYLCn15WWffaAGvTmJ7l3uTdQhQl-rmkUwzfMh9XJ1WTkdfQ',
  e: 'AQAB',
};

test('EM-11 the published development key is known by its numbers, whatever it is called', async () => {
  const others = { kid: 'kinde-1', alg: 'RS256', use: 'sig' };
  expect(await isPublishedKey(PUBLISHED, hash)).toBe(true);
  expect(await isPublishedKey({ ...others, ...PUBLISHED }, hash)).toBe(true);
  expect(await isPublishedKey({ ...PUBLISHED, e: 'AAEAAQ' }, hash)).toBe(false);
  expect(await isPublishedKey({ ...PUBLISHED, n: `${PUBLISHED.n}A` }, hash)).toBe(false);
});

test('EM-11 key ids of local Kindes begin with insecure-', () => {
  expect(['insecure-', 'insecure-kindling-development'].map(isInsecureKeyId)).toEqual([true, true]);
  expect(['kinde', 'Insecure-1', ' insecure-1', '', undefined, 5].some(isInsecureKeyId)).toBe(
    false,
  );
});
