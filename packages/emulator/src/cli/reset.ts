import { WHICH, type Command } from './command.js';
import { findRunning } from './running.js';
import { say } from './print.js';

/** `reset` */
export const reset: Command = {
  usage: 'reset [seed|empty|<snapshot>]',
  words: 1,
  options: WHICH,
  async run(given) {
    const [to = 'seed'] = given.words;
    const running = await findRunning(given);
    await running.call('POST', '/reset', { to });
    say(`Back to ${to}.`);
  },
};
