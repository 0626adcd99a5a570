// The part of node:assert/strict that the trials use, for runtimes that have no modules of Node.
const assert = {
  equal: (actual, expected) => check(Object.is(actual, expected), actual, expected),
  deepEqual: (actual, expected) =>
    check(JSON.stringify(actual) === JSON.stringify(expected), actual, expected),
  throws(work, expected) {
    let thrown;
    try {
      work();
    } catch (error) {
      thrown = { error };
    }
    const isExpected = (error) =>
      expected.prototype instanceof Error ? error instanceof expected : expected(error);
    check(thrown && isExpected(thrown.error), thrown?.error, 'an error');
  },
};

function check(holds, actual, expected) {
  if (!holds) {
    throw new Error(`${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  }
}

// oxlint-disable-next-line import/no-default-export -- as node:assert has it
export default assert;
