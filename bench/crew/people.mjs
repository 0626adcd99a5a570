// People at their browsers: each keeps cookies, signs in at the local Kinde, and looks at who every answer is about.
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SITE } from './crew.mjs';

const HOST = new URL(SITE).host;
const JSON_ONLY = { accept: 'application/json' };
const NAVIGATION = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};
const ORGANIZATIONS = ['org_one', 'org_two'];
/** Seconds after which a browser gives up, far beyond what any answer may take. */
const PATIENCE = 20;

/** Numbers that are the same in every run with the same seed (mulberry32). */
export function createRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Closes what is idle before the servers do, which would be a race.
const agent = new Agent({ keepAlive: true, maxSockets: 512, timeout: 60_000 });

/** One request to a process of the app, as its proxy would hand it on. Rejects where no whole answer comes. */
export function ask(port, path, { headers = {}, cookie = '', patience = PATIENCE } = {}) {
  return new Promise((resolve, reject) => {
    const all = { host: HOST, ...headers, ...(cookie && { cookie }) };
    const sent = request({ host: '127.0.0.1', port, path, headers: all, agent }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part) => (text += part));
      res.on('error', reject).on('aborted', () => reject(new Error('cut')));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, text }));
    });
    sent.setTimeout(patience * 1000, () => sent.destroy(new Error('silence')));
    sent.on('error', reject).end();
  });
}

/**
 * A person. `members` are the processes, `mode` how their sessions are kept. Every answer is told to `tell` as
 * `(kind, milliseconds, what)`: `own`, `out` (signed out without having asked), `stranger`, `unavailable`, `error`, `lost`.
 */
export function createPerson({ email, mode, home, members, provider, random, tell, patience }) {
  const jar = new Map();
  let organizations;
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  /** Where nothing is shared, a load balancer keeps each browser at one process. */
  const pick = () =>
    members[mode === 'cookie' ? home % members.length : Math.floor(random() * members.length)];
  const person = { email, mode, isIn: false, cookie, home: () => members[home % members.length] };

  async function open(path, { headers = JSON_ONLY, member = pick() } = {}) {
    const begun = performance.now();
    try {
      const answer = await ask(member.ports[mode], path, { headers, cookie: cookie(), patience });
      keep(jar, answer.headers['set-cookie'] ?? []);
      return { ...answer, took: performance.now() - begun, member };
    } catch (error) {
      return {
        status: 0,
        headers: {},
        text: error.message,
        took: performance.now() - begun,
        member,
      };
    }
  }

  /** Through Kinde and back. Answers whether somebody is signed in now. */
  async function through(path, organization) {
    const member = pick();
    const start = await open(path, {
      headers: { ...NAVIGATION, 'sec-fetch-site': 'same-origin' },
      member,
    });
    const url = targetOf(start);
    if (!url.includes('/oauth2/auth')) {
      return told(start);
    }
    const landing = await provider
      .ask('signIn', { url, email, organization })
      .catch(() => undefined);
    if (!landing) {
      return told({ ...start, status: 400, text: '"code":"no_callback"' });
    }
    const back = new URL(landing);
    const headers = { ...NAVIGATION, 'sec-fetch-site': 'cross-site' };
    const end = await open(back.pathname + back.search, { headers, member });
    const isDone = end.status === 302 && (end.headers['set-cookie'] ?? []).length > 0;
    if (isDone) {
      organizations = [organization];
    }
    return isDone || told(end);
  }

  function told(answer) {
    const { status, took, member } = answer;
    const kind = status >= 500 ? 'unavailable' : 'error';
    tell(status === 0 ? 'lost' : kind, took, described(answer), member);
    return false;
  }

  person.signIn = async () => {
    person.isIn = await through('/login', ORGANIZATIONS[0]);
    return person.isIn;
  };

  /** What one page says about who is calling. */
  person.read = async (path = '/private') => {
    const answer = await open(path);
    const kind = judge(answer);
    tell(kind, answer.took, kind === 'own' ? '' : described(answer), answer.member);
    if (kind === 'out') {
      person.isIn = false;
    }
    return kind;
  };

  /** The person's id, as the app knows it. */
  person.id = async () => JSON.parse((await open('/private')).text).id;

  person.readAtOnce = (times) => Promise.all(Array.from({ length: times }, () => person.read()));

  person.switchOrganization = async () => {
    const [from] = organizations;
    const to = ORGANIZATIONS.find((one) => one !== from);
    // Until this is over either is right.
    organizations = [from, to];
    const isDone = await through(`/switch-organization?org_code=${to}`, to);
    return isDone;
  };

  /** Answers the cookies that were good before it, or nothing where the app could not say that it is done. */
  person.signOut = async () => {
    const before = cookie();
    const answer = await open('/logout', {
      headers: { ...NAVIGATION, 'sec-fetch-site': 'same-origin' },
    });
    person.isIn = false;
    if (answer.status === 0 || answer.status >= 500) {
      return void told(answer);
    }
    return before;
  };

  function judge({ status, text }) {
    if (status === 0) {
      return 'lost';
    }
    if (status >= 500) {
      return 'unavailable';
    }
    if (status === 401 || status === 302) {
      return 'out';
    }
    if (status !== 200) {
      return 'error';
    }
    const said = JSON.parse(text);
    if (said.person === null) {
      return said.reason === 'unavailable' ? 'unavailable' : 'out';
    }
    return said.person === email && organizations.includes(said.organization) ? 'own' : 'stranger';
  }
  return person;
}

/** Whether cookies still make somebody of whoever sends them. */
export async function isSomebody(port, cookie) {
  const { status, text } = await ask(port, '/public', { headers: JSON_ONLY, cookie }).catch(() => ({
    status: 0,
  }));
  return status === 200 && JSON.parse(text).person !== null;
}

/** Waits about so long: people are not in step. */
export const pause = (seconds, random) => sleep(seconds * (0.5 + random()) * 1000);

function keep(jar, lines) {
  for (const line of lines) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    if (/;\s*max-age=0(;|$)/i.test(line)) {
      jar.delete(name);
    } else {
      jar.set(name, value);
    }
  }
}

/** Where an answer sends the browser: by a redirect, or by a page that goes on by itself. */
function targetOf({ headers, text }) {
  const page = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(text)?.[1] ?? '';
  return (
    headers.location ?? page.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
  );
}

/** What came instead of the page. */
const described = ({ status, text }) => (status === 0 ? text : `${status} ${reasonIn(text)}`);

/** The code of a problem, from its document or page; never what a token says. */
function reasonIn(text) {
  const json = /"code":"(\w+)"|"reason":"(\w+)"/g;
  const found = [...text.matchAll(json)].map(([, code, reason]) => code ?? reason);
  return found.length > 0 ? found.join(' ') : (/<dd>(\w+)/.exec(text)?.[1] ?? '');
}
