/** Names and addresses of this machine, as URLs have them. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]'];

/** Whether an http address is on this machine. Other names below `.localhost` may be looked up elsewhere. */
export function isLoopback(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && LOOPBACK.includes(url.hostname);
}
