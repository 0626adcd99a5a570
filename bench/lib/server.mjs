// One app in a process of its own. What to run comes over IPC; `cpu` and `memory` are answered on demand.
import { createServer } from 'node:http';

process.once('message', async ({ module, variant, options }) => {
  const app = await (await import(module)).create(options, variant);
  const server = createServer();
  // Fastify makes its own server, so apps hand over a function that is called with what it should listen with.
  const listening = await app.listen(server);
  listening.keepAliveTimeout = 120_000;
  process.send({ port: listening.address().port });
});
process.on('message', ({ ask, id }) => {
  if (ask === 'usage') {
    const { user, system } = process.cpuUsage();
    process.send({ id, value: user + system });
  }
  if (ask === 'memory') {
    globalThis.gc?.();
    process.send({ id, value: process.memoryUsage() });
  }
});
for (const end of ['disconnect', 'SIGTERM']) {
  process.on(end, () => process.exit());
}
