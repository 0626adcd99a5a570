import type { Http2Bindings, HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { ConnectionLost } from '../faults/connection.js';

/** Answers a request that came by a connection. */
export type Answer = (
  request: Request,
  connection: HttpBindings | Http2Bindings,
) => Promise<Response>;

/** A fault that loses the connection lets no answer through: the client sees a closed socket. */
export function closingIfLost(fetch: (request: Request) => Promise<Response>): Answer {
  return (request, { incoming }) =>
    fetch(request).catch((error: unknown) => {
      if (!(error instanceof ConnectionLost)) {
        throw error;
      }
      incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    });
}
