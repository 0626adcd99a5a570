import { WHICH, type Command } from './command.js';
import { usageError } from './options.js';
import { print } from './print.js';
import { findRunning } from './running.js';

/** `token` */
export const token: Command = {
  usage: 'token <user> [--org <code>] [--expires 5m] [--defect expired] [--json]',
  words: 1,
  options: [...WHICH, 'org', 'expires', 'defect', 'json'],
  async run(given) {
    const [person] = given.words;
    if (person === undefined) {
      throw usageError('token needs a user: a key, an id or an address.');
    }
    const running = await findRunning(given);
    const [organization, expiresIn, defect] = (['org', 'expires', 'defect'] as const).map((name) =>
      given.text(name),
    );
    const answer = (await running.call('POST', '/tokens', {
      person,
      organization,
      expiresIn,
      defect,
    })) as { token: string };
    print(answer, given.has('json'), answer.token);
  },
};
