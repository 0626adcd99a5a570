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

/** Likeness from which a name is taken for a misspelling of another one. */
const LEAST_LIKENESS = 0.4;

/** The known name that shares most of its pairs of letters with this one (Dice's coefficient). */
function nearest(given: string, known: readonly string[]): string | undefined {
  const asked = pairsOf(given);
  let best: string | undefined;
  let highest = LEAST_LIKENESS;
  for (const name of known) {
    const likeness = likenessOf(asked, pairsOf(name));
    if (likeness > highest) {
      best = name;
      highest = likeness;
    }
  }
  return best;
}

function likenessOf(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((pair) => other.has(pair));
  const all = one.size + other.size;
  return all === 0 ? 0 : (2 * shared.length) / all;
}

function pairsOf(text: string): Set<string> {
  const lower = text.toLowerCase();
  const pairs = new Set<string>();
  for (let start = 0; start + 2 <= lower.length; start += 1) {
    pairs.add(lower.slice(start, start + 2));
  }
  return pairs;
}
