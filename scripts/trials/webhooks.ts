// Tries the installed @kindling/webhooks: a receiver that refuses what Kinde did not sign.
import assert from 'node:assert/strict';
import { createWebhooks, KindeWebhookError, type WebhookEventType } from '@kindling/webhooks';

export async function trial(): Promise<void> {
  const called: WebhookEventType[] = [];
  const webhooks = createWebhooks({
    issuer: 'https://acme.kinde.com',
    fetch: async () => Response.json({ keys: [] }),
    on: { 'user.created': ({ type }) => called.push(type) },
    onProblem: () => {},
  });
  const request = new Request('https://app.example/webhooks/kinde', {
    method: 'POST',
    headers: { 'content-type': 'application/jwt' },
    body: 'not.a.webhook',
  });
  const { status } = await webhooks.handle(request);
  assert.equal(status, 400);
  assert.deepEqual(called, []);
  assert.throws(() => createWebhooks({ path: 'nowhere' }), KindeWebhookError);
}
