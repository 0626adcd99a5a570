// The process of works/weight.mjs: a first import, in a process that has the framework and nothing else.
process.once('message', async ({ on, packages }) => {
  await import(on);
  const memory = process.memoryUsage().rss;
  const started = performance.now();
  for (const name of packages) {
    await import(name);
  }
  const millis = performance.now() - started;
  process.send({ millis, memory: process.memoryUsage().rss - memory });
});
process.on('disconnect', () => process.exit());
