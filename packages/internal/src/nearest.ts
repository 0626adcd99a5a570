/** Edits that a typing error may need; beyond them a suggestion would mislead. */
const MOST_EDITS = 3;
/** Characters of a word that are compared: longer input is no typing error. */
const MOST_CHARACTERS = 40;

/** Characters that a word must have to count as the beginning of a longer one. */
const LEAST_BEGINNING = 4;

/**
 * Finds the known word that is most like a mistyped one, for "did you mean": the one with the fewest edits, or the only one
 * that begins with it. Upper and lower case count as the same.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  return fewestEdits(word, known) ?? onlyLonger(word, known);
}

function onlyLonger(word: string, known: readonly string[]): string | undefined {
  if (word.length < LEAST_BEGINNING) {
    return undefined;
  }
  const [first, ...others] = known.filter((name) =>
    name.toLowerCase().startsWith(word.toLowerCase()),
  );
  return others.length === 0 ? first : undefined;
}

function fewestEdits(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = MOST_EDITS + 1;
  const typed = word.toLowerCase();
  for (const name of known) {
    const edits = distance(typed, name.toLowerCase());
    // Where every letter is another one, nothing was mistyped.
    if (edits < Math.min(fewest, name.length)) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

/** Levenshtein distance of two short words. */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, edits) => edits);
  for (const letter of from.slice(0, MOST_CHARACTERS).split('')) {
    previous = nextRow(previous, letter, to);
  }
  return previous[to.length] ?? 0;
}

/** The row of the edit matrix after one more letter. */
function nextRow(previous: readonly number[], letter: string, to: string): number[] {
  const [first = 0] = previous;
  let left = first + 1;
  let diagonal = first;
  const row = [left];
  for (const [column, above] of previous.slice(1).entries()) {
    const replaced = diagonal + Number(to.charAt(column) !== letter);
    const added = left + 1;
    const removed = above + 1;
    left = Math.min(added, removed, replaced);
    row.push(left);
    diagonal = above;
  }
  return row;
}
