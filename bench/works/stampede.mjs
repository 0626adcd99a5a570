// 200 requests at once, all with one session whose access token has ended: how often Kinde is asked, and who fails. To one
// process, and in turn to four that share nothing but what the peer keeps outside them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, createBrowser } from '../lib/browser.mjs';
import { startApp } from '../lib/processes.mjs';
import { check, peers as all, SITE } from './session.mjs';

const REQUESTS = 200;

/** Those that renew tokens by themselves, or whose users would write it in a few lines. */
const renewing = /kindling|secure-session|iron|logto|openid-connect|kinde-/;
const peers = all.filter(({ app, label }) => renewing.test(app) && !/memory/.test(label));

export async function stampede({ issuer, note, only }) {
  const rows = [];
  for (const peer of peers.filter(({ on, label }) => only(`${on} ${label}`))) {
    const row = { ...peer };
    // Sessions that are in one process's memory are not known to another.
    for (const processes of peer.inMemory ? [1] : [1, 4]) {
      note(`stampede: ${peer.label} on ${peer.on}, processes: ${processes}`);
      row[processes] = await measure(peer, processes, issuer).catch((error) => ({
        failed: error.message,
      }));
    }
    rows.push(row);
  }
  return rows;
}

async function measure(peer, processes, issuer) {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-bench-'));
  const variant = processes > 1 && peer.app === 'kindling' ? `${peer.on} shared` : peer.variant;
  const start = () => startApp(peer.app, variant, { issuer, site: SITE, folder });
  const apps = await Promise.all(Array.from({ length: processes }, start));
  try {
    const { login } = await import(`../apps/${peer.app}.mjs`);
    const browser = createBrowser(SITE, apps[0].port);
    await browser.signIn(login);
    for (const { port } of apps) {
      await check(port, browser.cookie());
    }
    await ask(`${issuer}/bench?reset&lifetime=1`);
    await browser.signIn(login);
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    await ask(`${issuer}/bench?reset&lifetime=3600`);
    const headers = { cookie: browser.cookie() };
    const send = (_, n) =>
      ask(`http://localhost:${apps[n % processes].port}/me`, { headers }).catch(() => ({}));
    const answers = await Promise.all(Array.from({ length: REQUESTS }, send));
    const served = answers.filter(({ status }) => status === 200).length;
    const { refreshes, revoked } = JSON.parse((await ask(`${issuer}/bench`)).text);
    return { served, failures: REQUESTS - served, calls: refreshes, revoked: revoked > 0 };
  } finally {
    await ask(`${issuer}/bench?lifetime=3600`);
    await Promise.all(apps.map((app) => app.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
