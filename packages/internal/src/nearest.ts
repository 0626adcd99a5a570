/** Edits that a typing error may need; beyond them a suggestion would mislead. */
const MOST_EDITS = 3;
/** Characters of a word that are compared: longer input is no typing error. */
const MOST_CHARACTERS = 40;

/** Finds the known word that is most like a mistyped one, for "did you mean". Upper and lower case count as the same. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = MOST_EDITS + 1;
  for (const name of known) {
    const edits = distance(word.toLowerCase(), name.toLowerCase());
    if (edits < fewest) {
      fewest = edits;
      best = name;
    }
  }
  return best;
}

/** Levenshtein distance of two short words. */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, edits) => edits);
  const letters = from.slice(0, MOST_CHARACTERS);
  for (let index = 0; index < letters.length; index += 1) {
    previous = nextRow(previous, letters.charAt(index), to);
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
    const replaced = diagonal + (to.charAt(column) === letter ? 0 : 1);
    left = Math.min(above + 1, left + 1, replaced);
    row.push(left);
    diagonal = above;
  }
  return row;
}
