// Keeps a redis-server, and takes it along when whoever asked for it is gone.
import { spawn } from 'node:child_process';
import { obey } from './obey.mjs';

let server;
const commands = {
  start({ port, folder }) {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    const keep = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    server = spawn('redis-server', [...place, ...keep], { stdio: 'ignore' });
    return new Promise((resolve, reject) => {
      server
        .once('spawn', resolve)
        .once('error', () => reject(new Error('redis-server cannot be started')));
    });
  },
  signal: (name) => void server.kill(name),
  async kill() {
    if ((server.exitCode ?? server.signalCode) !== null) {
      return;
    }
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await gone;
  },
};
obey(commands, () => server?.kill('SIGKILL'));
