import { checkSeed } from '../seed/check-seed.js';
import { findSeed, readSeed } from '../seed/read-seed.js';
import { WHICH, type Command } from './command.js';
import { oneOf, usageError } from './options.js';
import { findRunning } from './running.js';
import { say } from './print.js';

/** `seed` */
export const seed: Command = {
  usage: 'seed check [file], seed export',
  words: 2,
  options: [...WHICH, 'seed'],
  async run(given) {
    const [word = '', named] = given.words;
    if (oneOf('verb', word, ['check', 'export']) === 'export') {
      const running = await findRunning(given);
      return say(JSON.stringify(await running.call('GET', '/seed/export'), undefined, 2));
    }
    const file = named ?? given.text('seed') ?? findSeed(process.cwd());
    if (file === undefined) {
      throw usageError(
        'No seed was found: give its file, or name it kinde.config.* or kinde.seed.*',
      );
    }
    const { people, organizations } = checkSeed(await readSeed(file));
    say(
      `${file} fits together: ${people.length} users, ${Object.keys(organizations).length} organizations.`,
    );
  },
};
