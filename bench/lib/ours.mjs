// Our packages: as they are here, and as another checkout has them (`--beside`), to be measured beside each other.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** One of our packages by its short name. `beside`: the other checkout's. */
export function importOurs(name, beside = false) {
  const { resolve } = createRequire(new URL(beside ? '../beside/' : '../', import.meta.url));
  return import(pathToFileURL(resolve(`@kindling/${name}`)).href);
}

/** Rows to measure: with another checkout, each of ours a second time with its packages. */
export const withBeside = (peers, beside) =>
  peers.flatMap((peer) =>
    beside && peer.ours
      ? [peer, { ...peer, label: `${peer.label}, beside`, beside: true }]
      : [peer],
  );
