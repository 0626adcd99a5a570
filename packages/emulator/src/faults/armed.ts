import type { ArmedFault, FaultMatch, FaultValue } from './fault.js';
import type { RequestAbout } from './about.js';
import { isAmong, type FaultRow } from './row.js';

/** A fault to arm, checked: users and applications are ids. */
export interface Arming {
  /** What it does. */
  readonly row: FaultRow;
  /** How many requests it hits. */
  readonly times: number | 'always';
  /** As it was asked for. */
  readonly match: FaultMatch;
  /** Ids that the names in `match` stand for. */
  readonly ids: RequestAbout;
  /** Values of all parameters. */
  readonly with: Readonly<Record<string, FaultValue>>;
  /** Part of the matching requests that it hits. */
  readonly chance: number;
  /** Seed of the chance. */
  readonly random: number;
}

/** A fault that waits for requests. */
export interface Armed {
  /** As it is shown. */
  readonly info: ArmedFault;
  /** What it does. */
  readonly row: FaultRow;
  /** Whether it is over: it hit as often as it was to. */
  readonly isOver: boolean;
  /** Whether it hits a request, which then counts. */
  take(path: string, about: RequestAbout): boolean;
}

/** Arms a fault under an id. */
export function armed(
  id: string,
  { row, times, match, ids, chance, random, ...rest }: Arming,
): Armed {
  let hits = 0;
  const draw = drawing(random);
  const left = () => (times === 'always' ? times : times - hits);
  const matches = (path: string, { client, person }: RequestAbout) =>
    isAmong(path, match.path === undefined ? row.paths : [match.path]) &&
    (ids.client === undefined || ids.client === client) &&
    (ids.person === undefined || ids.person === person);
  return {
    row,
    get info() {
      return {
        id,
        name: row.name,
        left: left(),
        hits,
        match,
        with: rest.with,
        chance,
      };
    },
    get isOver() {
      return left() === 0;
    },
    take(path, about) {
      const isHit = left() !== 0 && matches(path, about) && (chance === 1 || draw() < chance);
      hits += Number(isHit);
      return isHit;
    },
  };
}

/** Numbers from 0 to 1 that look random, the same ones for the same seed (mulberry32). */
function drawing(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
