import { createHash } from 'node:crypto';

/** What is used of a client, cluster, pool or sentinel of the package `redis`. */
export interface NodeRedis {
  get(key: string): Promise<unknown>;
  pSetEx(key: string, milliseconds: number, value: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What is used of a `Redis` or `Cluster` of the package `ioredis`. */
export interface IoRedis {
  get(key: string): Promise<unknown>;
  psetex(key: string, milliseconds: number, value: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  eval(script: string, keys: number, key: string, ...values: string[]): Promise<unknown>;
  evalsha(sha1: string, keys: number, key: string, ...values: string[]): Promise<unknown>;
}

/** The commands of this package, the same for both clients. Each touches one key. */
export interface Commands {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, milliseconds: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
  /** Runs a script by its hash. A server that does not know it, after a restart or failover, gets the whole text. */
  run(script: string, key: string, values: string[]): Promise<unknown>;
}

/** @throws TypeError when it is neither client. */
export function commandsOf(client: NodeRedis | IoRedis): Commands {
  const has = (method: string) =>
    typeof (client as unknown as Record<string, unknown> | null)?.[method] === 'function';
  if (has('evalSha')) {
    return nodeRedis(client as NodeRedis);
  }
  if (has('evalsha')) {
    return ioredis(client as IoRedis);
  }
  throw new TypeError('redisStore needs a client of the package redis or ioredis.');
}

function nodeRedis(client: NodeRedis): Commands {
  return {
    get: (key) => client.get(key),
    // An option that another version does not know would be ignored, and the key stay for ever: a command would not.
    set: (key, value, milliseconds) => client.pSetEx(key, milliseconds, value),
    del: (key) => client.del(key),
    run: (script, key, values) => {
      const options = { keys: [key], arguments: values };
      return client
        .evalSha(sha1(script), options)
        .catch(unlessUnknown(() => client.eval(script, options)));
    },
  };
}

function ioredis(client: IoRedis): Commands {
  return {
    get: (key) => client.get(key).catch(withoutCommand),
    set: (key, value, milliseconds) =>
      client.psetex(key, milliseconds, value).catch(withoutCommand),
    del: (key) => client.del(key).catch(withoutCommand),
    run: (script, key, values) =>
      client
        .evalsha(sha1(script), 1, key, ...values)
        .catch(unlessUnknown(() => client.eval(script, 1, key, ...values)))
        .catch(withoutCommand),
  };
}

function sha1(script: string) {
  return createHash('sha1').update(script).digest('hex');
}

function unlessUnknown(again: () => Promise<unknown>) {
  return (error: unknown) => {
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) {
      return again();
    }
    throw error;
  };
}

/** ioredis hangs the command with all its arguments on its errors, and loggers print them. Sessions do not belong there. */
function withoutCommand(error: unknown): never {
  if (error instanceof Error) {
    delete (error as { command?: unknown }).command;
  }
  throw error;
}
