/** Values that would be taken somewhere, if they were read. */
export const HOSTILE: readonly unknown[] = [
  ...[
    true,
    false,
    7,
    'evil',
    '/evil',
    'https://evil.example',
    ['https://evil.example'],
    { evil: '/evil' },
    null,
  ],
  () => 'evil',
];

const prototype = Object.prototype as Record<string, unknown>;
let present: Record<string, unknown> = {};

/** Makes exactly these members of `Object.prototype`, as after a careless merge, in place of those that were there. */
function become(members: Record<string, unknown>): Record<string, unknown> {
  const before = present;
  for (const name of Object.keys(before)) {
    delete prototype[name];
  }
  present = Object.fromEntries(
    Object.entries(members).filter(([name]) => !Object.hasOwn(prototype, name)),
  );
  // Not enumerable: what is tested are reads by name, and other libraries list members.
  for (const [name, value] of Object.entries(present)) {
    Object.defineProperty(prototype, name, {
      value,
      configurable: true,
      enumerable: false,
      writable: true,
    });
  }
  return before;
}

async function during<Result>(
  members: Record<string, unknown>,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const before = become(members);
  try {
    return await work();
  } finally {
    become(before);
  }
}

/** Runs `work` while every object without a member of these names seems to have it. */
export function polluted<Result>(
  names: readonly string[],
  value: unknown,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  return during({ ...present, ...Object.fromEntries(names.map((name) => [name, value])) }, work);
}

let [running, kept]: [number, Record<string, unknown>] = [0, {}];

/** Runs what is no part of the test, such as the local Kinde, without any pollution: until the last of these is done. */
export async function clean<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  if (running++ === 0) {
    kept = become({});
  }
  try {
    return await work();
  } finally {
    if (--running === 0) {
      become(kept);
    }
  }
}
