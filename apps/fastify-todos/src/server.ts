import { createApp } from './app.js';
import { sessionsFromEnv } from './store.js';

const port = Number(process.env['PORT'] ?? 3000);
const { session, close } = await sessionsFromEnv();
const app = await createApp({ session });
app.addHook('onClose', close);
await app.listen({ port, host: 'localhost' });
console.log(`http://localhost:${port}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void app.close());
}
