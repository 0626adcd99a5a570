/**
 * Starts to count seconds. The larger of two clocks wins: the wall clock can be set back, and the monotonic one stands still
 * while a machine sleeps.
 */
export function stopwatch(): () => number {
  const start = performance.now();
  const date = Date.now();
  return () => {
    const monotonic = performance.now() - start;
    const wall = Date.now() - date;
    return Math.max(monotonic, wall) / 1000;
  };
}
