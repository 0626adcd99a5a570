import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  createRevocations,
  type Revocations,
  type Standing,
} from '../../src/revocations/revocations.js';
import { headText, PAGE, readHead } from '../../src/revocations/page.js';
import { createSeal } from '../../src/crypto/seal.js';
import { SECRET } from '../../../../test/kit/apps.js';
import { later } from '../../../../test/kit/provider.js';
import {
  ADA,
  ACME,
  cookieOf,
  createFragileStore,
  createShop,
  keeping,
  rows,
  visit,
} from '../../../../test/kit/shop.js';

const DAY = 86_400;
const seal = createSeal([SECRET], 'app');
const process = (store: ReturnType<typeof createFragileStore>['store'], secrets = seal) =>
  createRevocations(store, secrets, { title: 'app', maxAge: 7 * DAY });
afterEach(() => void vi.useRealTimers());

const startedAt = () => Math.floor(Date.now() / 1000);
const begun = async (notices: Revocations) => ({
  ...(await notices.begin()),
  startedAt: startedAt(),
});
const judge = (
  notices: Revocations,
  session: Standing & { startedAt: number },
  ...about: string[]
) => notices.judge(session, async () => about);

describe('what is said about sessions', () => {
  test('OP-22 in any order, on any process: over is what began before it was ended, and nothing else', async () => {
    const step = fc.record({
      by: fc.nat(2),
      about: fc.constantFrom('ada', 'grace', 'bob'),
      what: fc.constantFrom('begin', 'end', 'end', 'judge', 'wait', 'restart'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { store } = createFragileStore();
        const processes = [process(store), process(store), process(store)];
        const sessions: {
          about: string;
          isOver: boolean;
          session: Standing & { startedAt: number };
        }[] = [];
        for (const { by, about, what } of steps) {
          const notices = processes[by]!;
          if (what === 'begin') {
            sessions.push({ about, isOver: false, session: await begun(notices) });
          }
          if (what === 'restart') {
            processes[by] = process(store);
          }
          if (what === 'wait') {
            later(6);
          }
          if (what === 'end') {
            await notices.revoke(about);
            for (const one of sessions) {
              one.isOver ||= one.about === about;
            }
          }
          if (what !== 'judge') {
            continue;
          }
          later(6);
          for (const { about: whose, isOver, session } of sessions) {
            expect((await judge(notices, session, whose)).isOver).toBe(isOver);
          }
        }
        vi.useRealTimers();
      }),
      { numRuns: 60 },
    );
  });

  test('OP-13 a store that went back and came as far again with other notices is noticed', async () => {
    const { store, faults } = createFragileStore();
    const one = process(store);
    const two = process(store);
    const ada = await begun(one);
    await one.revoke('somebody');
    const before = new Map<string, string | undefined>();
    faults.around = async (work, method, id) => {
      if (method === 'compareAndSet') {
        before.set(String(id), await store.get(String(id)));
      }
      return work();
    };
    await one.revoke('ada');
    faults.around = (work) => work();
    later(6);
    expect((await judge(one, ada, 'ada')).isOver).toBe(true);
    // A fail-over to a replica that lagged behind, where another process goes on.
    for (const [id, value] of before) {
      await store.set(id, value!, DAY);
    }
    await two.revoke('grace');
    await two.revoke('bob');
    later(12);
    expect((await judge(one, { ...ada }, 'ada')).isOver).toBe(true);
    expect((await judge(process(store), { ...ada }, 'ada')).isOver).toBe(true);
  });

  test('OP-22 many processes at once lose nothing, and thousands of notices about one person are one', async () => {
    const fragile = createFragileStore();
    const processes = Array.from({ length: 4 }, () => process(fragile.store));
    const before = await begun(processes[0]!);
    await Promise.all(
      processes.flatMap((one, index) =>
        Array.from({ length: 100 }, (_, n) => one.revoke(`p${index}-${n}`)),
      ),
    );
    later(6);
    const young = process(fragile.store);
    for (let index = 0; index < 4; index++) {
      for (let n = 0; n < 100; n++) {
        expect((await judge(young, { ...before }, `p${index}-${n}`)).isOver).toBe(true);
      }
    }
    const other = createFragileStore();
    const one = process(other.store);
    const swaps = () => other.calls.filter((method) => method === 'compareAndSet').length;
    await Promise.all(Array.from({ length: 2000 }, () => one.markStale('ada')));
    // One is on its way, and the second says what all the others do.
    expect(swaps()).toBeLessThanOrEqual(3);
    for (let count = 0; count < 300; count++) {
      await one.markStale('ada');
    }
    let longest = 0;
    other.faults.around = async (work, method) => {
      const answer = await work();
      if (method === 'get') {
        longest = Math.max(longest, String(answer).length);
      }
      return answer;
    };
    const reader = process(other.store);
    const session = await begun(reader);
    expect(longest).toBeLessThan(120);
    const { renewFrom } = await judge(reader, session, 'ada');
    expect(renewFrom).toBeGreaterThan(startedAt());
    expect(renewFrom).toBeLessThanOrEqual(startedAt() + 61);
  });

  test('OP-13 a page that was evicted is noticed by a process that starts: everybody signs in again', async () => {
    const fragile = createFragileStore();
    const old = process(fragile.store);
    const session = await begun(old);
    for (let n = 0; n < 3; n++) {
      await Promise.all(Array.from({ length: PAGE }, (_, index) => old.revoke(`${n}-${index}`)));
    }
    expect((await judge(process(fragile.store), session, 'nobody')).isOver).toBe(false);
    let isEvicted = true;
    const gets: unknown[] = [];
    fragile.faults.around = async (work, method, id) => {
      if (method === 'get') {
        gets.push(id);
      }
      return method === 'get' && gets.length === 2 && isEvicted ? undefined : work();
    };
    const young = process(fragile.store);
    expect((await judge(young, session, 'nobody')).isOver).toBe(true);
    isEvicted = false;
    later(6);
    expect((await judge(old, session, 'nobody')).isOver).toBe(true);
    expect((await judge(old, await begun(young), 'nobody')).isOver).toBe(false);
  });

  test('OP-13 a head in a version that is not known is left alone, and nobody is judged', async () => {
    const fragile = createFragileStore();
    let head = '';
    fragile.faults.around = async (work, method) => (method === 'get' ? '2 something' : work());
    await expect(process(fragile.store).begin()).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(fragile.calls).toEqual(['get']);
    // What is no head at all is lost.
    fragile.faults.around = async (work, method) => {
      const answer = await work();
      if (method === 'get') {
        head = String(answer);
      }
      return answer;
    };
    await process(fragile.store).begin();
    for (const text of ['', 'x', '1', '1 short 0 0 0 0', head.slice(0, 12)]) {
      expect(readHead(text)).toBeUndefined();
    }
  });

  test('any head comes back as it was written', () => {
    const whole = fc.nat(2 ** 31);
    const name = fc.stringMatching(/^[eor][A-Za-z0-9_-]{22}$/);
    const notice = fc.record({ key: name, seq: whole, at: whole, until: whole });
    const head = fc.record({
      epoch: fc.stringMatching(/^[A-Za-z0-9_-]{8}$/),
      ...{ seq: whole, first: whole, page: whole, writtenAt: whole },
      notices: fc.array(notice, { maxLength: PAGE }),
    });
    fc.assert(fc.property(head, (one) => void expect(readHead(headText(one))).toEqual(one)));
  });

  test('the epoch outlives its time in the store while anybody asks, and old notices leave', async () => {
    const fragile = createFragileStore();
    const one = process(fragile.store);
    const first = await begun(one);
    for (let index = 0; index < PAGE + 5; index++) {
      await one.revoke(`p${index}`);
    }
    for (let day = 0; day < 40; day++) {
      later(DAY);
      await one.reload();
    }
    const { epoch } = await one.begin();
    expect(epoch).toBe(first.epoch);
    fragile.calls.length = 0;
    await process(fragile.store).begin();
    // The full page is over.
    expect(fragile.calls).toEqual(['get']);
  });

  test('OP-13 whoever changes secrets goes by the same log, and earlier notices hold', async () => {
    const { store } = createFragileStore();
    const before = process(store);
    const between = process(store, createSeal(['n'.repeat(40), SECRET], 'app'));
    const ada = await begun(before);
    const grace = await begun(between);
    await before.revoke('ada');
    later(6);
    expect([await judge(between, ada, 'ada'), await judge(between, grace, 'grace')]).toMatchObject([
      { isOver: true },
      { isOver: false },
    ]);
  });
});

describe('100,000 revocations in a store', () => {
  test('OP-22 a process reads each page once, and what is new in one small value', async () => {
    const fragile = createFragileStore();
    const writer = process(fragile.store);
    const session = await begun(writer);
    for (let block = 0; block < 100; block++) {
      await Promise.all(
        Array.from({ length: 1000 }, (_, index) => writer.revoke(`user ${block}-${index}`)),
      );
    }
    const young = process(fragile.store);
    fragile.calls.length = 0;
    const begin = performance.now();
    await young.reload();
    const reading = performance.now() - begin;
    expect(fragile.calls.length).toBeLessThan(100_000 / PAGE + 10);
    expect((await judge(young, { ...session }, 'user 0-0')).isOver).toBe(true);
    const bytes: number[] = [];
    fragile.faults.around = async (work, method) => {
      const answer = await work();
      if (method === 'get') {
        bytes.push(String(answer).length);
      }
      return answer;
    };
    for (let news = 0; news < 20; news++) {
      await writer.revoke(`user new-${news}`);
      later(6);
      bytes.length = 0;
      await young.reload();
      expect(bytes.length).toBeLessThanOrEqual(2);
      expect(Math.max(...bytes)).toBeLessThan(8000);
    }
    const people = Array.from({ length: 1000 }, (_, index) => ({ ...session, index }));
    for (const one of people) {
      await judge(young, one, `user mine-${one.index}`);
    }
    const start = performance.now();
    for (let round = 0; round < 20; round++) {
      for (const one of people) {
        await judge(young, one, `user mine-${one.index}`);
      }
    }
    const each = (performance.now() - start) / 20;
    console.info(
      `  100,000 notices: read in ${Math.round(reading)} ms; judging takes ${each.toFixed(2)} µs`,
    );
    expect(each).toBeLessThan(200);
  }, 60_000);
});

test.each(rows('coordination', 'store'))(
  'OP-22 2,000 `refreshUser` at once renew once, on %s with `%s`',
  async (framework, kind) => {
    const shop = await createShop();
    const fragile = createFragileStore();
    const app = await shop.start(framework, keeping[kind]!(fragile.store));
    const ada = cookieOf(await shop.signIn(app, ADA, ACME));
    const { sessions } = shop.kinde(keeping[kind]!(fragile.store));
    const renewals = () =>
      shop.emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
    const before = renewals();
    await Promise.all(Array.from({ length: 2000 }, () => sessions.refreshUser(shop.idOf(ADA))));
    later(6);
    fragile.calls.length = 0;
    await visit(app, ada);
    expect(renewals() - before).toBe(1);
    later(30);
    await visit(app, ada);
    await shop.close();
  },
);
