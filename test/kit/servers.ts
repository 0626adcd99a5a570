import type { Server } from 'node:http';
import type { KindeOptions } from '@kindling/core';
import { frameworks } from './apps.js';

/** The servers of one test, which are closed together with the connections that visitors left open. */
export function createServers() {
  const open: Server[] = [];
  const add = (server: Server): Server => {
    open.push(server);
    return server;
  };
  return {
    add,
    /** The app of `test/kit/apps.ts`, in a framework. */
    async start(framework: string, options: KindeOptions): Promise<Server> {
      const create = frameworks[framework];
      if (!create) {
        throw new Error(`There is no app for ${framework}.`);
      }
      return add(await create(options));
    },
    close() {
      for (const server of open.splice(0)) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
