// A local Kinde of its own process: how long it takes to make one, and what a large tenant costs.
import { readFileSync } from 'node:fs';
import { importOurs } from './ours.mjs';

process.once('message', async ({ what, seed, keep, beside }) => {
  const { createEmulator } = await importOurs('emulator', beside);
  process.send(await measures[what](createEmulator, { seed, keep }));
});

const measures = {
  /** Milliseconds of `createEmulator()`, after the first. */
  async create(createEmulator) {
    await createEmulator();
    const found = [];
    for (let round = 0; round < 50; round++) {
      const start = performance.now();
      await createEmulator();
      found.push(performance.now() - start);
    }
    return { millis: found };
  },
  /** A tenant of many, kept in a folder if one is given: until it answers, the memory of the process, and the bytes of the sign-in page. */
  async tenant(createEmulator, { seed, keep }) {
    const start = performance.now();
    const emulator = await createEmulator({ seed: JSON.parse(readFileSync(seed, 'utf8')), keep });
    const query = new URLSearchParams({
      client_id: emulator.env.KINDE_CLIENT_ID,
      redirect_uri: emulator.env.KINDE_REDIRECT_URI,
      response_type: 'code',
      scope: 'openid',
      state: 'measured-state',
    });
    const page = await emulator.fetch(`${emulator.issuer}/oauth2/auth?${query}`);
    const bytes = Buffer.byteLength(await page.text());
    const millis = performance.now() - start;
    await emulator.close();
    return {
      millis,
      bytes,
      memory: process.resourceUsage().maxRSS * 1_024,
    };
  },
};
