import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What happens to what a server answers: it comes at once, after so many milliseconds, or never. */
export type Flow = 'open' | 'still' | number;

/** A TCP wire to a server, which can be slow, or stand still without closing. */
export async function createWire(target: () => { port: number; host?: string }, at = 0) {
  const sockets = new Set<Socket>();
  const state: { flow: Flow } = { flow: 'open' };
  /** What stands still is not lost: TCP delivers all of it, in its order. */
  const held: (() => void)[] = [];
  const server = createServer((near) => {
    const { port, host = '127.0.0.1' } = target();
    const far = connect(port, host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => [near, far].forEach((one) => one.destroy()));
    }
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      const { flow } = state;
      const pass = () => void (near.writable && near.write(data));
      if (flow === 'open') {
        pass();
      } else if (flow === 'still') {
        held.push(pass);
      } else {
        setTimeout(pass, flow);
      }
    });
  }).listen(at, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    let(flow: Flow) {
      state.flow = flow;
      if (flow !== 'still') {
        for (const pass of held.splice(0)) {
          pass();
        }
      }
    },
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
