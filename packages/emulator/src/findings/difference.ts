import { nearestAddress } from '../oauth/redirect-uri.js';
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

/** The registered address that is most like the one that came; the first one where none can be compared. */
export function nearTo(sent: string, registered: readonly string[]): string | undefined {
  return nearestAddress(registered, sent)?.address ?? registered[0];
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
  return different.join(' and ') || (slashDifference(sent, expected) ?? 'the spelling');
}

function pathDifference(sent: string, expected: string): string {
  if (sent.toLowerCase() === expected.toLowerCase()) {
    return 'upper and lower case of the path';
  }
  return slashDifference(sent, expected) ?? `the path (${sent} for ${expected})`;
}

function slashDifference(sent: string, expected: string): string | undefined {
  if (sent === `${expected}/`) {
    return 'a slash at the end, which is too much';
  }
  if (`${sent}/` === expected) {
    return 'a slash at the end, which is missing';
  }
  return undefined;
}
