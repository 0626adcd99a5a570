import { createApp } from './app.js';

const port = Number(process.env['PORT'] ?? 3000);
const app = await createApp();
await app.listen({ port, host: 'localhost' });
console.log(`http://localhost:${port}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close());
