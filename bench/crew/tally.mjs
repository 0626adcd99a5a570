// Counts of answers by kind, and the words in which runs tell them.

export function createTally() {
  const counts = new Map();
  const samples = [];
  let slowest = 0;
  return {
    /** `what` says more about an answer that is not `own`. */
    tell(kind, milliseconds = 0, what = '') {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      slowest = Math.max(slowest, milliseconds);
      if (what && samples.length < MOST_SAMPLES) {
        samples.push(`${kind}: ${what}`);
      }
    },
    of: (kind) => counts.get(kind) ?? 0,
    all: () => Object.fromEntries(counts),
    samples,
    get slowest() {
      return slowest;
    },
  };
}
const MOST_SAMPLES = 2_000;

/** Sorted by how often, the same once. */
export function grouped(samples) {
  const counts = new Map();
  for (const one of samples) {
    counts.set(one, (counts.get(one) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([one, count]) => `${count} × ${one}`);
}

/** Rows of a table in plain text; the first is its head. */
export function table(rows) {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => String(row[column]).length)),
  );
  const isNumber = (value) => typeof value === 'number' || /^[\d.,]+( s)?$/.test(value);
  return rows
    .map((row) =>
      row
        .map((cell, n) =>
          isNumber(cell) ? String(cell).padStart(widths[n]) : String(cell).padEnd(widths[n]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
