// 200 requests at once, all with one session whose access token has ended: how often Kinde is asked, and who fails.
import { ask, createBrowser } from '../lib/browser.mjs';
import { startApp } from '../lib/processes.mjs';
import { peers as all, SITE } from './session.mjs';

const REQUESTS = 200;

/** Those that renew tokens by themselves, or whose users would write it in a few lines. */
const renewing = /kindling|secure-session|iron|logto|openid-connect|kinde-/;
const peers = all.filter(({ app, label }) => renewing.test(app) && !/memory/.test(label));

export async function stampede({ issuer, note, only }) {
  const rows = [];
  for (const peer of peers.filter(({ on, label }) => only(`${on} ${label}`))) {
    note(`stampede: ${peer.label} on ${peer.on}`);
    rows.push(await measure(peer, issuer).catch((error) => ({ ...peer, failed: error.message })));
  }
  return rows;
}

async function measure(peer, issuer) {
  const app = await startApp(peer.app, peer.variant, { issuer, site: SITE });
  try {
    const { login } = await import(`../apps/${peer.app}.mjs`);
    const browser = createBrowser(SITE, app.port);
    await ask(`${issuer}/bench?reset&lifetime=1`);
    await browser.signIn(login);
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    await ask(`${issuer}/bench?reset&lifetime=3600`);
    const headers = { cookie: browser.cookie() };
    const url = `http://localhost:${app.port}/me`;
    const answers = await Promise.all(
      Array.from({ length: REQUESTS }, () => ask(url, { headers }).catch(() => ({ status: 0 }))),
    );
    const served = answers.filter(({ status }) => status === 200).length;
    const { refreshes, revoked } = JSON.parse((await ask(`${issuer}/bench`)).text);
    return { ...peer, served, failures: REQUESTS - served, calls: refreshes, revoked: revoked > 0 };
  } finally {
    await ask(`${issuer}/bench?lifetime=3600`);
    await app.stop();
  }
}
