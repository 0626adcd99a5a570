import { WHICH, type Command } from './command.js';
import { oneOf, usageError } from './options.js';
import { columns, print, say } from './print.js';
import { findRunning } from './running.js';

const VERBS = ['save', 'load', 'list', 'remove'] as const;

/** `snapshot` */
export const snapshot: Command = {
  usage: 'snapshot save|load|remove <name>, snapshot list [--json]',
  words: 2,
  options: [...WHICH, 'json'],
  async run(given) {
    const [word = '', name] = given.words;
    const verb = oneOf('verb', word, VERBS);
    if (verb !== 'list' && name === undefined) {
      throw usageError(`snapshot ${verb} needs a name.`);
    }
    const running = await findRunning(given);
    const path = `/snapshots/${encodeURIComponent(name ?? '')}`;
    switch (verb) {
      case 'list': {
        const all = (await running.call('GET', '/snapshots')) as {
          name: string;
          takenAt: string;
        }[];
        const rows = all.map((one) => [one.name, one.takenAt] as const);
        return print(all, given.has('json'), columns(rows) || 'None is kept.');
      }
      case 'save':
        await running.call('POST', path);
        return say(`Kept as ${name}.`);
      case 'load':
        await running.call('POST', `${path}/restore`);
        return say(`Back to ${name}.`);
      case 'remove':
        await running.call('DELETE', path);
        return say(`${name} is removed.`);
    }
  },
};
