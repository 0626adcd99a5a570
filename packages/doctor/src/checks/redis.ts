import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { withDeadline } from '@kindling/internal';
import { reasonOf } from '../ask.js';
import { placeOf } from '../describe.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { isSessionStore } from '../variables.js';

const STANDARD_PORT = 6379;
/** Seconds for the whole exchange. */
const TIMEOUT = 5;
/** Characters of all replies. */
const LARGEST = 64 * 1024;
const POLICY_FIX =
  'Set maxmemory-policy to noeviction, unless sessions are elsewhere. Policies named volatile-* evict them too, since each has an expiry.';

/** Checks that the Redis of the app does not evict sessions. The app may use one of two clients, so none is needed. */
export async function checkRedis({ env }: Settings): Promise<Checked> {
  const text = env['REDIS_URL']?.trim();
  if (!text) {
    return concluded(say('skipped', 'REDIS_URL is not set.'));
  }
  const severity = isSessionStore(env, 'redis') ? 'failed' : 'warning';
  if (!URL.canParse(text) || !/^rediss?:$/.test(new URL(text).protocol)) {
    const fix = 'Use redis:// or rediss://, and percent-encoding for the password.';
    return concluded(say(severity, 'REDIS_URL is not a URL of Redis.', fix));
  }
  const url = new URL(text);
  const place = placeOf(url, STANDARD_PORT);
  try {
    return concluded(judge(await exchange(url), place, severity));
  } catch (error) {
    const detail = `${place} does not respond: ${reasonOf(error)}.`;
    return concluded(say(severity, detail, 'Compare REDIS_URL, and see that Redis is running.'));
  }
}

function judge(replies: string, place: string, severity: 'failed' | 'warning'): Statement {
  const policy = /^maxmemory_policy:([a-z-]+)/m.exec(replies)?.[1];
  const refusal = /^-([A-Z]+)/m.exec(replies)?.[1];
  if (policy === 'noeviction') {
    return say('ok', `${place} does not evict sessions (maxmemory-policy noeviction).`);
  }
  if (policy) {
    const detail = `${place} evicts sessions when its memory is full (maxmemory-policy ${policy}), which signs users out.`;
    return say(severity, detail, POLICY_FIX);
  }
  if (refusal && refusal !== 'NOPERM') {
    const detail = `${place} does not accept the user and password of REDIS_URL (${refusal}).`;
    return say(severity, detail, 'Compare REDIS_URL with the users of Redis.');
  }
  if (!/^[+$-]/.test(replies)) {
    const detail = `${place} does not answer as Redis does.`;
    return say(
      severity,
      detail,
      'Compare REDIS_URL. Where Redis has TLS, it begins with rediss://.',
    );
  }
  const why = refusal ? 'may not be read by this user' : 'is not told';
  return say('skipped', `The maxmemory-policy of ${place} ${why}.`, 'See that it is noeviction.');
}

/** Signs in, asks for the settings and says goodbye in Redis's protocol (RESP), and reads until the server closes. */
async function exchange(url: URL): Promise<string> {
  const username = decoded(url.username);
  const password = decoded(url.password);
  const credentials = [username, password].filter(Boolean);
  const commands = [...(password ? [['AUTH', ...credentials]] : []), ['INFO', 'memory'], ['QUIT']];
  const socket = open(url);
  try {
    socket.write(commands.map(encode).join(''));
    return await withDeadline(readAll(socket), {
      milliseconds: TIMEOUT * 1000,
      onTimeout: () => {
        throw Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' });
      },
    });
  } finally {
    socket.destroy();
  }
}

function open(url: URL): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const address = { host, port: Number(url.port || STANDARD_PORT) };
  if (url.protocol === 'redis:') {
    return connect(address);
  }
  return connectTls({ ...address, ...(!isIP(host) && { servername: host }) });
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  for await (const piece of socket.setEncoding('utf8')) {
    text += String(piece);
    if (text.length > LARGEST) {
      break;
    }
  }
  return text;
}

function encode(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join('')}`;
}

/** Decodes a part of a URL; one that is not valid is sent as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
