// Several local Kindes in one process: each has its own state, issuer and port.
import { createEmulatorWith, type Emulator } from './emulator.js';
import type { EmulatorOptions } from './options.js';
import type { Seed } from './seed/seed.js';
import type { ListenOptions } from './serve.js';

/** A local Kinde of this process, by the name of its environment. */
export interface Environment {
  /** Name. */
  readonly name: string;
  /** Address. */
  readonly url: string;
  /** Environment variables of an app that signs in there. */
  readonly env: Readonly<Record<string, string>>;
  /** Token of its control API. */
  readonly token: string;
}

/** The local Kindes of this process. */
export interface EnvironmentSet {
  /** Those that run, by name, in the order in which they were started. */
  list(): readonly Environment[];
  /** One that runs. */
  find(name: string): Emulator | undefined;
  /**
   * Starts one with a seed that was checked, on a free port unless one is given.
   * @throws Error where one of this name runs, and as `createEmulator` and `listen` do. Nothing stays open then.
   */
  create(name: string, seed?: Seed, port?: number): Promise<Environment>;
  /** Stops and forgets one; false where there is none. What it kept stays. */
  remove(name: string): Promise<boolean>;
  /** Stops all. */
  close(): Promise<void>;
}

/** What every environment is made with. */
export interface EnvironmentDefaults extends EmulatorOptions {
  /** Where they listen, apart from the port. */
  readonly listen?: Omit<ListenOptions, 'port'>;
}

/** No environment yet. */
export function createEnvironments({
  listen,
  ...defaults
}: EnvironmentDefaults = {}): EnvironmentSet {
  const running = new Map<string, { emulator: Emulator; url: string }>();
  const remove = async (name: string) => {
    const one = running.get(name);
    running.delete(name);
    await one?.emulator.close();
    return one !== undefined;
  };
  const set: EnvironmentSet = {
    list: () => [...running].map(([name, one]) => describe(name, one)),
    find: (name) => running.get(name)?.emulator,
    async create(name, seed, port = 0) {
      if (running.has(name)) {
        throw new Error(`An environment ${name} runs already.`);
      }
      const options = { ...defaults, environment: name };
      const emulator = await createEmulatorWith(options, {
        environments: set,
        seed,
        listensAtOnce: true,
      });
      try {
        const { url } = await emulator.listen({
          ...listen,
          port,
        });
        running.set(name, {
          emulator,
          url,
        });
        return describe(name, {
          emulator,
          url,
        });
      } catch (error) {
        await emulator.close();
        throw error;
      }
    },
    remove,
    async close() {
      await Promise.all([...running.keys()].map(remove));
    },
  };
  return set;
}

function describe(
  name: string,
  { emulator, url }: { emulator: Emulator; url: string },
): Environment {
  return {
    name,
    url,
    env: emulator.env,
    token: emulator.controlToken,
  };
}
