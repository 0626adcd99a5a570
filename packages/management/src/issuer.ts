// The same questions as in core, which this package does not need:
// packages/core/test/options/deployment.test.ts compares the answers.

/** What `NODE_ENV` is called where developers and tests run. Every other name counts as production. */
const DEVELOPMENT = ['', 'development', 'dev', 'local', 'test', 'testing', 'ci', 'e2e'];
/** A name with a dot that DNS can have for everybody: no address, no single label, no dot at its end. */
const PUBLIC = /^(?!\[)([^.]+\.)+(?!\d+$)[^.]+$/;
/** Names for networks of one's own. */
const OWN =
  /\.(localhost|local|internal|test|invalid|onion|arpa|alt|localdomain|lan|home|corp|intranet|private)$/;

/** Whether `NODE_ENV` stands for production, however it is written. */
export function isProduction(env: Readonly<Record<string, string | undefined>>): boolean {
  const name = Object.hasOwn(env, 'NODE_ENV') ? (env['NODE_ENV'] ?? '') : '';
  return !DEVELOPMENT.includes(name.trim().toLowerCase());
}

/** May this host be asked in production? It must be one that everybody finds under this name. */
export function isPublic(hostname: string): boolean {
  return PUBLIC.test(hostname) && !OWN.test(hostname);
}
