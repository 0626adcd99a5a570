// Questions about a caller, against the same questions to a plain object.
import { claimsOf } from '../apps/kit.mjs';
import { median } from '../lib/load.mjs';

const PEOPLE = 100;
const OPERATIONS = 200_000;

/** Callers as handlers get them, and plain objects with what their tokens say. */
async function createCallers() {
  const { createLocalKinde } = await import('../lib/local.mjs');
  const { kinde, signer } = await createLocalKinde();
  return Promise.all(
    Array.from({ length: PEOPLE }, async (_, n) => {
      const token = signer.accessToken(n);
      const headers = new Headers({ authorization: `Bearer ${token}` });
      const { auth } = await kinde.authenticate({ method: 'GET', url: '/', headers });
      const { permissions, feature_flags: flags, ...claims } = claimsOf(token);
      const values = Object.fromEntries(Object.entries(flags).map(([code, { v }]) => [code, v]));
      return { auth, plain: { permissions, flags: values, claims } };
    }),
  );
}

const permissions = ['read:todos', 'write:files', 'write:teams', 'never:granted'];
const questions = {
  permission: [
    (plain, n) => plain.permissions.includes(permissions[n & 3]),
    (auth, n) => auth.getPermission(permissions[n & 3]).isGranted,
  ],
  flag: [
    (plain, n) => (n & 1 ? (plain.flags.theme ?? 'light') : (plain.flags.beta ?? false)) === 'dark',
    (auth, n) =>
      (n & 1 ? auth.getFlag('theme', 'light') : auth.getFlag('beta', false)).value === 'dark',
  ],
  claim: [
    (plain, n) => (n & 1 ? plain.claims.org_code : plain.claims.azp) === 'org_bench',
    (auth, n) => auth.getClaim(n & 1 ? 'org_code' : 'azp').value === 'org_bench',
  ],
};

export async function lookup({ quick, note }) {
  note('lookup');
  const callers = await createCallers();
  const time = (ask, of) => {
    let yes = 0;
    const started = process.hrtime.bigint();
    for (let n = 0; n < OPERATIONS; n++) {
      if (ask(callers[n % PEOPLE][of], n)) {
        yes++;
      }
    }
    return { nanos: Number(process.hrtime.bigint() - started) / OPERATIONS, yes };
  };
  return Object.entries(questions).map(([name, [ofPlain, ofAuth]]) => {
    const rounds = Array.from({ length: quick ? 15 : 40 }, () => [
      time(ofPlain, 'plain'),
      time(ofAuth, 'auth'),
    ]).slice(5);
    if (rounds.some(([plain, ours]) => plain.yes !== ours.yes)) {
      throw new Error(`other answers about a ${name}`);
    }
    // The fastest round of each: what stands in its way is not the look-up's.
    const [plain, ours] = [0, 1].map((side) => Math.min(...rounds.map((pair) => pair[side].nanos)));
    return {
      name,
      plain,
      ours,
      ratio: ours / plain,
      middle: median(rounds.map(([a, b]) => b.nanos / a.nanos)),
    };
  });
}
