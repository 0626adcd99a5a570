/** The connection closes and no answer arrives: `fetch` rejects with this, and a server closes the socket. */
export class ConnectionLost extends TypeError {
  constructor() {
    super('fetch failed', { cause: { code: 'ECONNRESET' } });
  }
}
