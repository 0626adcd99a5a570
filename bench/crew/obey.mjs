/** Does what the starting process asks over IPC, and ends with it. */
export function obey(commands, cleanUp = () => {}) {
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
