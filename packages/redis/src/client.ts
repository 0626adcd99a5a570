import { createHash } from 'node:crypto';

/** The used part of a client, cluster, pool or sentinel of the package `redis`. */
export interface NodeRedis {
  /** Sends GET. */
  get(key: string): Promise<unknown>;
  /** Sends PSETEX: sets a value that expires. */
  pSetEx(key: string, milliseconds: number, value: string): Promise<unknown>;
  /** Sends DEL. */
  del(key: string): Promise<unknown>;
  /** Sends EVAL: runs a script. */
  eval(script: string, options: ScriptArguments): Promise<unknown>;
  /** Sends EVALSHA: runs a script that the server knows, by its hash. */
  evalSha(sha1: string, options: ScriptArguments): Promise<unknown>;
}

/** The arguments of a script, as the package `redis` takes them. */
interface ScriptArguments {
  /** Keys that the script uses. */
  keys: string[];
  /** All other arguments. */
  arguments: string[];
}

/** The used part of a `Redis` or `Cluster` of the package `ioredis`. */
export interface IoRedis {
  /** Sends GET. */
  get(key: string): Promise<unknown>;
  /** Sends PSETEX: sets a value that expires. */
  psetex(key: string, milliseconds: number, value: string): Promise<unknown>;
  /** Sends DEL. */
  del(key: string): Promise<unknown>;
  /** Sends EVAL: runs a script. */
  eval(script: string, keys: number, key: string, ...values: string[]): Promise<unknown>;
  /** Sends EVALSHA: runs a script that the server knows, by its hash. */
  evalsha(sha1: string, keys: number, key: string, ...values: string[]): Promise<unknown>;
}

/** The commands that the store needs, the same for both clients. Each touches one key. */
export interface Commands {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, milliseconds: number): Promise<unknown>;
  del(key: string): Promise<unknown>;
  /** Runs a script by its hash. A server that does not know it, after a restart or failover, gets the whole text. */
  run(script: string, key: string, values: string[]): Promise<unknown>;
}

/** @throws TypeError for an object that is neither client */
export function commandsOf(client: NodeRedis | IoRedis): Commands {
  const { evalSha, evalsha } = (client ?? {}) as unknown as Record<string, unknown>;
  if (typeof evalSha === 'function') {
    return nodeRedis(client as NodeRedis);
  }
  if (typeof evalsha === 'function') {
    return ioredis(client as IoRedis);
  }
  throw new TypeError('redisStore needs a client of the package redis or ioredis.');
}

function nodeRedis(client: NodeRedis): Commands {
  return {
    get: (key) => client.get(key),
    // SET with an option for the expiry would keep the key for ever in a version that ignores the option.
    set: (key, value, milliseconds) => client.pSetEx(key, milliseconds, value),
    del: (key) => client.del(key),
    async run(script, key, values) {
      const options = { keys: [key], arguments: values };
      try {
        return await client.evalSha(sha1(script), options);
      } catch (error) {
        throwUnlessUnknown(error);
        return client.eval(script, options);
      }
    },
  };
}

function ioredis(client: IoRedis): Commands {
  return {
    get: (key) => client.get(key).catch(withoutCommand),
    set: (key, value, milliseconds) =>
      client.psetex(key, milliseconds, value).catch(withoutCommand),
    del: (key) => client.del(key).catch(withoutCommand),
    async run(script, key, values) {
      try {
        return await client.evalsha(sha1(script), 1, key, ...values).catch(withoutCommand);
      } catch (error) {
        throwUnlessUnknown(error);
        return client.eval(script, 1, key, ...values).catch(withoutCommand);
      }
    },
  };
}

function sha1(script: string): string {
  return createHash('sha1').update(script).digest('hex');
}

/** Lets an error pass which says that the server does not know a script. */
function throwUnlessUnknown(error: unknown): void {
  const isUnknown = error instanceof Error && error.message.startsWith('NOSCRIPT');
  if (!isUnknown) {
    throw error;
  }
}

/** Removes the command and its arguments, which ioredis adds to its errors: loggers would print sessions. */
function withoutCommand(error: unknown): never {
  if (error instanceof Error) {
    delete (error as { command?: unknown }).command;
  }
  throw error;
}
