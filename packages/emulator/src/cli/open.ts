import { openInBrowser } from './browser.js';
import { WHICH, type Command } from './command.js';
import { say } from './print.js';
import { findRunning } from './running.js';

/** `open` */
export const open: Command = {
  usage: 'open [--quiet]',
  words: 0,
  options: [...WHICH, 'quiet'],
  async run(given) {
    const running = await findRunning(given);
    const { url } = (await running.call('POST', '/dashboard-link', {})) as { url: string };
    say(url);
    if (!given.has('quiet')) {
      openInBrowser(url);
    }
  },
};
