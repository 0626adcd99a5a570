import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunningApp } from '../../src/adapter/conformance.js';

/** Lets a server listen on a free port of this machine. */
export async function listen(server: Server): Promise<RunningApp> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => void server.close() };
}
