import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary, freePort, started, told } from './services.js';

const nginx = binary('nginx');
const haproxy = binary('haproxy');

/** Whether tests can start a proxy. Where they cannot, that is told; in CI it fails. */
export const hasNginx = told(
  nginx !== undefined,
  'No nginx to start (apt-get install nginx-light)',
);
export const hasHaproxy = told(
  haproxy !== undefined,
  'No haproxy to start (apt-get install haproxy)',
);

/** What stands in front of an app. */
export interface Proxy {
  readonly port: number;
  stop(): Promise<void>;
}

/** Where a proxy listens, and what it does with a request. */
export interface ProxySettings {
  /** The port of the app, on this machine. */
  readonly to: number;
  /** Where to listen. @default a free port */
  readonly port?: number;
  /** Passes on only what is below this path, such as `/app`. @default everything */
  readonly path?: string;
  /** Takes that path away before the app sees the request. */
  readonly strip?: boolean;
  /** The `Host` that the app is told, in nginx's words. @default as packaged: `127.0.0.1` with the port of the app */
  readonly host?: string;
  /** More directives for nginx's `server`, each with its semicolon. @default none: as packaged */
  readonly directives?: string;
}

/** nginx as Debian packages it: the directives of its `nginx.conf` that concern a request, and `proxy_pass`. */
export async function startNginx({
  to,
  path = '',
  strip = false,
  host,
  directives = '',
  ...more
}: ProxySettings): Promise<Proxy> {
  const port = more.port ?? (await freePort());
  return start(nginx!, port, (folder) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    for (const name of temporary) {
      mkdirSync(join(folder, name));
    }
    const config = `
      daemon off;
      worker_processes 1;
      pid ${folder}/pid;
      error_log ${folder}/error.log;
      events { worker_connections 768; }
      http {
        ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n        ')}
        access_log off;
        sendfile on;
        tcp_nopush on;
        gzip on;
        default_type application/octet-stream;
        server {
          listen 127.0.0.1:${port};
          ${directives}
          location ${path}/ {
            ${host ? `proxy_set_header Host ${host};` : ''}
            proxy_pass http://127.0.0.1:${to}${strip ? '/' : ''};
          }
        }
      }
    `;
    return ['-p', folder, '-c', written(folder, 'nginx.conf', config), '-e', `${folder}/error.log`];
  });
}

/** haproxy as Debian packages it: its `defaults`, buffers of 16,384 bytes, one way in and one app. */
export async function startHaproxy({ to, ...more }: ProxySettings): Promise<Proxy> {
  const port = more.port ?? (await freePort());
  return start(haproxy!, port, (folder) => {
    const config = [
      'defaults',
      '  mode http',
      '  option dontlognull',
      '  timeout connect 5000',
      '  timeout client 50000',
      '  timeout server 50000',
      'frontend site',
      `  bind 127.0.0.1:${port}`,
      '  default_backend app',
      'backend app',
      `  server app 127.0.0.1:${to}`,
      '',
    ];
    return ['-db', '-f', written(folder, 'haproxy.cfg', config.join('\n'))];
  });
}

/** Starts a program with a folder of its own, which goes with it. Its workers end when it is asked to end. */
async function start(
  program: string,
  port: number,
  prepare: (folder: string) => string[],
): Promise<Proxy> {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-proxy-'));
  // A server that was started by root works as somebody else, who has to come in here.
  chmodSync(folder, 0o755);
  const child = spawn(program, prepare(folder), { stdio: 'ignore' });
  const service = await started(child, port);
  return {
    port: service.port,
    async stop() {
      const over = once(child, 'exit');
      child.kill('SIGTERM');
      await over;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function written(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}
