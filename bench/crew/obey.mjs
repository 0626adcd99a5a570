import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How long this process was kept from answering at most, in seconds, since it was asked last. */
export function watchPauses() {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return () => {
    const longest = delay.max / 1e9;
    delay.reset();
    return longest;
  };
}

/** Does what the starting process asks over IPC, and ends with it. */
export function obey(given, cleanUp = () => {}) {
  const commands = { longestPause: watchPauses(), ...given };
  process.on('message', async ({ id, ask, about }) => {
    try {
      process.send({ id, value: await commands[ask](about) });
    } catch (error) {
      process.send({ id, error: error.message });
    }
  });
  process.on('disconnect', () => {
    cleanUp();
    process.exit();
  });
}
