// Signing in, from the link to the session: what it costs the server.
import { quiet } from '../lib/load.mjs';
import { startApp } from '../lib/processes.mjs';
import { check, peers as all, signIn, SITE } from './session.mjs';

/** Every peer that leads people through the whole of it. */
const peers = all.filter(({ label }) => !/memory/.test(label));

export async function login({ issuer, quick, note, only }) {
  const running = [];
  const rows = [];
  for (const peer of peers.filter(({ on, label }) => only(`${on} ${label}`))) {
    try {
      running.push({
        peer,
        app: await startApp(peer.app, peer.variant, { issuer, site: SITE }),
        costs: [],
      });
    } catch (error) {
      rows.push({ ...peer, failed: error.message });
    }
  }
  const [rounds, logins] = quick ? [4, 50] : [16, 100];
  for (const one of [...running]) {
    note(`login: ${one.peer.label} on ${one.peer.on}, warming up`);
    try {
      const [{ cookie }] = await signIn(one.peer, one.app.port, logins);
      await check(one.app.port, cookie);
    } catch (error) {
      rows.push({ ...one.peer, failed: error.message });
      running.splice(running.indexOf(one), 1);
      await one.app.stop();
    }
  }
  for (let round = 0; round < rounds; round++) {
    note(`login: round ${round + 1} of ${rounds}`);
    for (const { peer, app, costs } of round % 2 ? [...running].reverse() : running) {
      const before = await app.usage();
      await signIn(peer, app.port, logins);
      costs.push(((await app.usage()) - before) / logins / 1000);
    }
  }
  await Promise.all(running.map(({ app }) => app.stop()));
  const baseline = running.find(({ peer }) => peer.app === 'secure-session');
  return [
    ...running.map(({ peer, costs }) => ({
      ...peer,
      millis: quiet(costs),
      ratio: baseline && quiet(costs) / quiet(baseline.costs),
    })),
    ...rows,
  ];
}
