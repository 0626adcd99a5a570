// What is broken on purpose, how, and what is promised meanwhile: docs/explanation/faults.md says the same in words.
// `allowed` lists what may be answered where instead of the page: `unavailable` is 503, `out` is signed out. What is not listed
// may not happen, nor may anybody ever be taken for somebody else, or be back who was signed out.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './people.mjs';

const ALL = ['cookie', 'coordination', 'store'];
const STORED = ['coordination', 'store'];

/** A fault that the provider's switch makes. */
const provider = (state, more) => ({
  begin: ({ provider: kinde }) => kinde.ask('become', state),
  end: ({ provider: kinde }) => kinde.ask('become', 'up'),
  allowed: { unavailable: ALL },
  ...more,
});

export const BREAKAGES = {
  'process killed': {
    promise:
      'nobody is signed out; answers under way are lost, and whose renewal it was at may wait with 503',
    async begin({ members, seconds }) {
      for (const member of members.slice(0, 2)) {
        member.isBroken = true;
        await member.end('SIGKILL');
        await sleep((seconds * 1000) / 2);
        await member.restart();
        member.isBroken = false;
      }
    },
    allowed: { unavailable: STORED },
  },
  'process stands still': {
    promise:
      'nobody is signed out; the others go on, and whose renewal it was at may wait with 503',
    async begin({ members: [member], seconds }) {
      member.isBroken = true;
      member.child.kill('SIGSTOP');
      await sleep(seconds * 1000);
      member.child.kill('SIGCONT');
      // What it was asked meanwhile it answers late.
      await sleep(500);
      member.isBroken = false;
    },
    allowed: { unavailable: STORED },
  },
  'processes restarted in turn': {
    promise: 'nobody is signed out; whose renewal was cut off may wait with 503',
    async begin({ members }) {
      for (const member of members) {
        member.isBroken = true;
        await member.end('SIGTERM');
        await member.restart();
        member.isBroken = false;
      }
    },
    allowed: { unavailable: STORED },
  },
  'Redis killed': {
    promise:
      'cookies go on; coordination goes on while access tokens live; then, and with a store, 503',
    begin: ({ redis }) => redis.kill(),
    end: ({ redis }) => redis.up(),
    allowed: { unavailable: STORED },
  },
  'Redis stands still': {
    promise: 'the same, after at most 2 s of waiting',
    begin: ({ redis }) => redis.signal('SIGSTOP'),
    end: ({ redis }) => redis.signal('SIGCONT'),
    allowed: { unavailable: STORED },
  },
  'Redis paused': {
    promise: 'the same',
    begin: ({ admin, seconds }) =>
      admin.sendCommand(['CLIENT', 'PAUSE', String(seconds * 1000), 'ALL']),
    allowed: { unavailable: STORED },
  },
  'Redis read-only': {
    promise: 'reads go on; renewals and sign-ins wait with 503; no refresh token is lost',
    begin: ({ admin }) => admin.configSet('min-replicas-to-write', '1'),
    end: ({ admin }) => admin.configSet('min-replicas-to-write', '0'),
    allowed: { unavailable: STORED },
  },
  'Redis evicts': {
    promise: 'whose session is gone signs in again; who was signed out stays out',
    async begin({ admin, random, prefix }) {
      for await (const keys of admin.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
        const gone = keys.filter(() => random() < 0.3);
        if (gone.length > 0) {
          await admin.unlink(gone);
        }
      }
    },
    allowed: { out: STORED, unavailable: STORED },
  },
  'Redis flushed': {
    promise: 'everybody with a store or coordination signs in again; who was signed out stays out',
    begin: ({ admin }) => admin.flushAll(),
    allowed: { out: STORED, unavailable: STORED },
  },
  'Redis comes back empty while processes start': {
    promise: 'the same',
    async begin({ redis, members, admin }) {
      await redis.kill();
      for (const member of members.slice(0, 2)) {
        member.isBroken = true;
        await member.end('SIGKILL');
        await member.restart();
        member.isBroken = false;
      }
      await redis.up();
      await admin.flushAll();
    },
    allowed: { out: STORED, unavailable: STORED },
  },
  // What may show nowhere comes before what opens circuit breakers: each closes with a request of its own.
  'Kinde slow': provider('slow', {
    promise: 'renewals and sign-ins take as long as Kinde',
    allowed: {},
  }),
  'keys rotate, a stranger at the door': {
    promise: 'nobody notices; made-up tokens delay nobody',
    async begin(world) {
      const stranger = knock(world);
      await sleep(world.seconds * 250);
      await world.provider.ask('rotateKeys');
      await sleep(world.seconds * 500);
      await world.provider.ask('rotateKeys');
      await sleep(world.seconds * 250);
      await stranger.stop();
    },
    allowed: {},
  },
  'Kinde down': provider('down', { promise: 'sessions go on while access tokens live, then 503' }),
  'Kinde hangs': provider('hanging', {
    promise: 'nobody waits longer than `timeout`; then 503 at once',
  }),
  'Kinde answers 502': provider('failing', {
    promise: 'a gateway signs nobody out, whatever its body says',
  }),
  'Kinde answers HTML': provider('html', { promise: 'the same' }),
  'answers of Kinde are lost': provider('cutting', {
    promise: 'within the overlap nobody is signed out',
  }),
  'keys rotate while they cannot be fetched': provider('keyless', {
    promise: 'no refresh token is spent in vain, no session ends; 503 until the keys are there',
    async begin({ provider: kinde }) {
      await kinde.ask('become', 'keyless');
      await kinde.ask('rotateKeys');
    },
  }),
};

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Bearer tokens that nobody signed, under a new key id each, until it is told to stop. */
function knock({ members, tell, issuer }) {
  const visit = { isOver: false };
  const done = (async () => {
    for (let n = 0; !visit.isOver; n++) {
      const now = Math.floor(Date.now() / 1000);
      const claims = {
        iss: issuer,
        aud: ['https://api.bench.example'],
        sub: 'kp_stranger',
        iat: now,
        exp: now + 600,
      };
      const head = { alg: 'RS256', typ: 'JWT', kid: randomBytes(12).toString('hex') };
      const token = `${encode(head)}.${encode(claims)}.${randomBytes(256).toString('base64url')}`;
      const headers = { accept: 'application/json', authorization: `Bearer ${token}` };
      const port = Object.values(members[n % members.length].ports)[n % 3];
      const { status, text } = await ask(port, '/public', { headers }).catch(() => ({ status: 0 }));
      if (status === 200 && JSON.parse(text).person !== null) {
        tell('back', 0, 'a made-up token was accepted');
      }
      await sleep(20);
    }
  })();
  return {
    stop() {
      visit.isOver = true;
      return done;
    },
  };
}
