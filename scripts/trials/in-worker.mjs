// Sends one request to a bundled trial in workerd: node in-worker.mjs <bundle> [compatibility flags]
import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';

const [bundle, ...compatibilityFlags] = process.argv.slice(2);
const options = { modules: true, compatibilityDate: '2026-01-01', compatibilityFlags };
const worker = new Miniflare({ ...options, script: readFileSync(bundle, 'utf8') });
const answer = await worker.dispatchFetch('http://worker.example/');
const text = await answer.text();
await worker.dispose();
if (text !== 'ok') {
  throw new Error(text);
}
