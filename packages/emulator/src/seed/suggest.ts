import { nearest } from '@kindling/internal';

/** Names listed in a message where none of them resembles the one that was given. */
const MOST_NAMES = 10;

/** The end of a message about an unknown name: the name that was probably meant, or those that are known. */
export function suggest(given: string, known: readonly string[]): string {
  const guess = nearest(given, known);
  if (guess !== undefined) {
    return `did you mean "${guess}"?`;
  }
  if (known.length === 0) {
    return 'none is declared.';
  }
  const more = known.length > MOST_NAMES ? ', …' : '';
  return `known: ${known.slice(0, MOST_NAMES).join(', ')}${more}.`;
}
