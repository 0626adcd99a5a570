import type { Commands } from './client.js';

/** Commands whose errors say what to do. The words of Redis stay in the message, and the error itself is the `cause`. */
export function explaining(commands: Commands): Commands {
  return {
    get: (key) => explained(() => commands.get(key)),
    set: (key, value, milliseconds) => explained(() => commands.set(key, value, milliseconds)),
    del: (key) => explained(() => commands.del(key)),
    run: (script, key, values) => explained(() => commands.run(script, key, values)),
  };
}

async function explained(command: () => Promise<unknown>): Promise<unknown> {
  try {
    return await command();
  } catch (error) {
    throw explanationOf(error);
  }
}

/** What to do, by the first word of an error of Redis, or of Node. */
const BY_CODE: Readonly<Record<string, string>> = {
  OOM: 'Redis has reached `maxmemory`: give it more memory. Existing sessions continue.',
  NOAUTH: 'Redis wants a password: put it into the URL of the client.',
  WRONGPASS: 'Redis refused the password: check user and password of the client.',
  NOPERM:
    'The Redis user may not run a command that the store needs: see its ACL in the documentation.',
  READONLY: 'This Redis is a replica: connect the client to the primary.',
  MASTERDOWN: 'This Redis is a replica without its primary: connect the client to the primary.',
  MISCONF: 'Redis cannot save to its disk and refuses to write: check its log.',
  LOADING: 'Redis is loading its data.',
  MOVED: 'This Redis is a node of a cluster: use `createCluster` of redis or `Cluster` of ioredis.',
  ASK: 'This Redis is a node of a cluster: use `createCluster` of redis or `Cluster` of ioredis.',
  CLUSTERDOWN: 'The Redis cluster has slots that no node serves.',
  ECONNREFUSED:
    'Nothing listens at the address of the client: start Redis, or correct the address.',
};

/** The same for the errors of the clients, which have no code. */
const BY_TEXT: readonly (readonly [text: RegExp, explanation: string])[] = [
  [
    /client is closed/i,
    'The Redis client is not connected: call `client.connect()` at the start, and close it after the server.',
  ],
  [
    /client is offline|connection is closed|isn't writeable|max retries per request/i,
    'The client has no connection to Redis: it is away, or its address is wrong.',
  ],
];

function explanationOf(error: unknown): unknown {
  const { message, code = /^[A-Z]+(?= )/.exec(String(message))?.[0] } = (error ?? {}) as {
    message?: unknown;
    code?: unknown;
  };
  const known = Object.hasOwn(BY_CODE, String(code)) ? BY_CODE[String(code)] : undefined;
  const text = known ?? BY_TEXT.find(([pattern]) => pattern.test(String(message)))?.[1];
  if (text === undefined) {
    return error;
  }
  const words = code === undefined ? '' : ` (${String(code)})`;
  return Object.assign(new Error(text + words, { cause: error }), code !== undefined && { code });
}
