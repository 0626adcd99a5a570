import { describe, expect, test } from 'vitest';
import { isLoopback, isProduction, isPublic, reachable } from '../src/issuer.js';

describe('isProduction', () => {
  test.each(['', 'development', 'DEV', ' test ', 'ci', 'e2e', 'local', 'testing\n'])(
    '%j is not production',
    (name) => {
      expect(isProduction({ NODE_ENV: name })).toBe(false);
    },
  );

  test.each(['production', 'prod', 'staging', 'live', '"development"', 'null'])(
    '%j is production',
    (name) => {
      expect(isProduction({ NODE_ENV: name })).toBe(true);
    },
  );

  test('an environment without NODE_ENV is not production, whatever it inherits', () => {
    expect(isProduction({})).toBe(false);
    expect(isProduction(Object.create({ NODE_ENV: 'production' }))).toBe(false);
  });
});

describe('isPublic', () => {
  test.each(['acme.kinde.com', 'auth.example', 'a.b.c.d.example', 'xn--bcher-kva.example'])(
    '%s is public',
    (hostname) => {
      expect(isPublic(hostname)).toBe(true);
    },
  );

  test.each([
    'localhost',
    'kinde',
    'kinde.localhost',
    'kinde.local',
    'kinde.internal',
    'kinde.test',
    'kinde.home',
    'kinde.corp',
    'kinde.home.arpa',
    '10.0.0.1',
    '127.0.0.1',
    '[::1]',
    '[fd00::1]',
    'acme.kinde.com.',
    '',
  ])('%j is not public', (hostname) => {
    expect(isPublic(hostname)).toBe(false);
  });
});

describe('isLoopback', () => {
  /** Each host with what every scope says: the default, the whole network, names below localhost. */
  test.each([
    ['localhost', true, true, true],
    ['127.0.0.1', true, true, true],
    ['[::1]', true, true, true],
    ['127.1.2.3', false, true, false],
    ['kinde.localhost', false, false, true],
    ['a.b.localhost', false, false, true],
    ['.localhost', false, false, false],
    ['notlocalhost', false, false, false],
    ['localhost.example', false, false, false],
    ['localhost.', false, false, false],
    ['127.0.0.1.example', false, false, false],
    ['0.0.0.0', false, false, false],
    ['10.0.0.1', false, false, false],
    ['[::ffff:7f00:1]', false, false, false],
    ['', false, false, false],
  ])('%s: %s, with the network %s, with subdomains %s', (hostname, strict, network, subdomains) => {
    expect(isLoopback(hostname)).toBe(strict);
    expect(isLoopback(hostname, { network: true })).toBe(network);
    expect(isLoopback(hostname, { subdomains: true })).toBe(subdomains);
    expect(isLoopback(hostname, { network: true, subdomains: true })).toBe(network || subdomains);
  });
});

describe('reachable', () => {
  const issuer = 'http://localhost:4455';
  const backchannelUrl = 'http://kinde:4455/';

  test('FD-21 addresses of the issuer are asked at the other origin, with path and query', () => {
    const at = (address: string) => reachable(address, { issuer, backchannelUrl });
    expect(at('http://localhost:4455/oauth2/token?a=b')).toBe('http://kinde:4455/oauth2/token?a=b');
    expect(at('http://localhost:4455')).toBe('http://kinde:4455/');
  });

  test('FD-21 other addresses stay as they are, and all of them without another origin', () => {
    const others = ['https://localhost:4455/x', 'http://localhost:4456/x', 'https://api.example/x'];
    expect(others.map((one) => reachable(one, { issuer, backchannelUrl }))).toEqual(others);
    expect(reachable(`${issuer}/x`, { issuer })).toBe(`${issuer}/x`);
  });
});
