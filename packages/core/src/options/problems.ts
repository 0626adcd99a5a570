import { KindeError } from '../errors.js';
import type { Problems } from './checks.js';

/** Turns problems into sentences. Each option in them is named together with its environment variable. */
export function sentences(
  problems: Problems,
  variableOf: (option: string) => string | undefined,
): string[] {
  const withVariables = (text: string) =>
    text.replace(/`([\w.]+)`/g, (option, name: string) => {
      const variable = variableOf(name);
      if (variable) {
        return `${option} (${variable})`;
      }
      return option;
    });
  return problems.flatMap(([option, wrong]) => {
    if (wrong === undefined) {
      return [];
    }
    return [withVariables(`\`${option}\` ${wrong}`)];
  });
}

/** Makes one error of everything that is wrong with the configuration, and hints on what to do about all of it. */
export function invalidConfig(
  problems: readonly string[],
  hints: readonly string[] = [],
): KindeError {
  const list = problems.map((problem) => `  - ${problem}`);
  const message = ['Kinde is not configured correctly:', ...list, ...hints].join('\n');
  return new KindeError('config_invalid', message, { problems });
}
