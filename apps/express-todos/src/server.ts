import { createApp } from './app.js';

const port = Number(process.env['PORT'] ?? 3000);
const server = createApp().listen(port, 'localhost', () => console.log(`http://localhost:${port}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
