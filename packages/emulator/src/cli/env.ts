import { FORMATS } from '../env/format.js';
import { detectSdk } from '../env/detect.js';
import { sdkBy } from '../env/variables.js';
import { WHICH, type Command } from './command.js';
import { refuseTenant, refuseUnwritable, writeEnvironment } from './env-file.js';
import { oneOf } from './options.js';
import { findRunning } from './running.js';
import { say } from './print.js';

/** `env` */
export const env: Command = {
  usage: 'env [--sdk <name>] [--format dotenv|json|shell] [--write <file>]',
  words: 0,
  options: [...WHICH, 'sdk', 'format', 'write', 'force'],
  async run(given) {
    const format = oneOf('format', given.text('format') ?? 'dotenv', FORMATS);
    const sdk = sdkBy(given.text('sdk') ?? detectSdk(process.cwd()).name);
    const file = given.text('write');
    if (file !== undefined) {
      refuseUnwritable('--write', file);
    }
    if (file !== undefined && !given.has('force')) {
      refuseTenant(file);
    }
    const running = await findRunning(given);
    const query = new URLSearchParams({
      sdk: sdk.name,
      format,
    });
    const { values, text } = (await running.call('GET', `/env?${query}`)) as {
      values: Record<string, string>;
      text: string;
    };
    if (file === undefined) {
      say(text);
    } else {
      writeEnvironment(file, values);
    }
  },
};
