import { WHICH, type Command } from './command.js';
import { oneOf, usageError } from './options.js';
import { columns, print, say } from './print.js';
import { findRunning } from './running.js';

interface Faults {
  readonly catalogue: readonly { readonly name: string; readonly imitates: string }[];
  readonly armed: readonly { readonly name: string; readonly id: string }[];
}

/** `fault` */
export const fault: Command = {
  usage: 'fault list [--json], fault arm <name> [--for <number>] [--path <path>], fault clear',
  words: 2,
  options: [...WHICH, 'json', 'for', 'path'],
  async run(given) {
    const [word = '', name] = given.words;
    const verb = oneOf('verb', word, ['list', 'arm', 'clear']);
    if (verb === 'arm' && name === undefined) {
      throw usageError('fault arm needs the name of a fault: see fault list.');
    }
    const times = timesOf(given.text('for') ?? '1');
    const running = await findRunning(given);
    switch (verb) {
      case 'list': {
        const faults = (await running.call('GET', '/faults')) as Faults;
        return print(faults, given.has('json'), describe(faults));
      }
      case 'arm': {
        const path = given.text('path');
        const match = path === undefined ? {} : { match: { path } };
        await running.call('POST', '/faults', {
          name,
          times,
          ...match,
        });
        return say(`${name} is armed for ${times === 1 ? 'one request' : `${times} requests`}.`);
      }
      case 'clear':
        await running.call('DELETE', '/faults');
        return say('No fault is armed.');
    }
  },
};

function describe({ catalogue, armed }: Faults): string {
  const isArmed = new Set(armed.map(({ name }) => name));
  return columns(
    catalogue.map(({ name, imitates }) => [name, (isArmed.has(name) ? '(armed) ' : '') + imitates]),
  );
}

function timesOf(text: string): number {
  const times = Number(text);
  if (Number.isSafeInteger(times) && times > 0) {
    return times;
  }
  throw usageError(`--for is a number of requests, from 1, not "${text}".`);
}
