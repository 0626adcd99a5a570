import type { Difference, Part } from './row.js';

/** How two addresses differ that should be equal, character by character. */
export function differenceOf(sent: string, expected: string): Difference {
  const [start, end] = commonEnds(sent, expected);
  const marked = (text: string): Part[] =>
    [
      { text: text.slice(0, start), differs: false },
      { text: text.slice(start, text.length - end), differs: true },
      { text: text.slice(text.length - end), differs: false },
    ].filter(({ text: part }) => part !== '');
  return { sent: marked(sent), expected: marked(expected), what: whatDiffers(sent, expected) };
}

/** The registered address that is most like the one that came. */
export function nearestAddress(sent: string, registered: readonly string[]): string | undefined {
  const score = (address: string) => {
    const [start, end] = commonEnds(sent, address);
    const common = start + end;
    return common - Math.max(sent.length, address.length);
  };
  return registered.toSorted((a, b) => score(b) - score(a))[0];
}

function commonEnds(a: string, b: string): [start: number, end: number] {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) {
    start += 1;
  }
  let end = 0;
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) {
    end += 1;
  }
  return [start, end];
}

function whatDiffers(sent: string, expected: string): string {
  if (sent.trim() === expected) {
    return 'white space around it';
  }
  if (!URL.canParse(sent) || !URL.canParse(expected)) {
    return URL.canParse(sent) ? 'the address' : 'the address, which is not a whole URL';
  }
  const a = new URL(sent);
  const b = new URL(expected);
  const parts: readonly (readonly [string, boolean])[] = [
    [`the scheme (${a.protocol} for ${b.protocol})`, a.protocol !== b.protocol],
    [`the host (${a.hostname} for ${b.hostname})`, a.hostname !== b.hostname],
    [`the port (${a.port || 'none'} for ${b.port || 'none'})`, a.port !== b.port],
    [pathDifference(a.pathname, b.pathname), a.pathname !== b.pathname],
    ['the query', a.search !== b.search],
    ['the fragment', a.hash !== b.hash],
  ];
  const different = parts.filter(([, differs]) => differs).map(([name]) => name);
  return different.join(' and ') || spelling(sent, expected);
}

function pathDifference(sent: string, expected: string): string {
  if (sent === `${expected}/`) {
    return 'a slash at the end, which is too much';
  }
  if (`${sent}/` === expected) {
    return 'a slash at the end, which is missing';
  }
  if (sent.toLowerCase() === expected.toLowerCase()) {
    return 'upper and lower case of the path';
  }
  return `the path (${sent} for ${expected})`;
}

function spelling(sent: string, expected: string): string {
  if (`${sent}/` === expected) {
    return 'a slash at the end, which is missing';
  }
  return sent === `${expected}/` ? 'a slash at the end, which is too much' : 'the spelling';
}
