import { ask, type Answer } from '../ask.js';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import type { Endpoints } from './discovery.js';
import type { App } from './environment.js';

/**
 * Whether Kinde knows the client and its secret, without a browser: a code that cannot exist is presented, and the client is
 * looked at before the code (RFC 6749 5.2).
 */
export async function checkClient(
  app: App,
  { token }: Endpoints,
  { fetch }: Settings,
): Promise<Checked<true>> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: 'kindling-doctor',
    code_verifier: 'kindling-doctor-presents-a-code-that-cannot-exist',
    redirect_uri: app.redirectUri,
    client_id: app.clientId,
    ...(app.clientSecret && { client_secret: app.clientSecret }),
  });
  const headers = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  const answer = await ask(fetch, token, {
    method: 'POST',
    headers,
    body: body.toString(),
  });
  const statement = judge(answer, app.clientSecret !== undefined);
  return { statements: [statement], found: statement.outcome === 'failed' ? undefined : true };
}

function judge(answer: Answer | string, hasSecret: boolean): Statement {
  if (typeof answer === 'string') {
    return say('failed', `The token endpoint does not answer: ${answer}.`);
  }
  const error = answer.json?.['error'];
  if (error === 'invalid_client' || answer.status === 401) {
    if (hasSecret) {
      return say(
        'failed',
        'Kinde does not know this client id and secret.',
        'Copy KINDE_CLIENT_ID and KINDE_CLIENT_SECRET from one application of this very domain.',
      );
    }
    return say(
      'failed',
      'Kinde does not know this client id, or its application has a secret.',
      'Compare KINDE_CLIENT_ID, and set KINDE_CLIENT_SECRET.',
    );
  }
  if (error === 'unauthorized_client' || error === 'unsupported_grant_type') {
    return say(
      'failed',
      'This application may not sign people in.',
      'Take the client id of a back-end web application, not of a machine-to-machine one.',
    );
  }
  if (error === 'invalid_grant') {
    return say(
      'ok',
      `Kinde knows the client${hasSecret ? ' and its secret' : ', which has no secret'}.`,
    );
  }
  if (answer.status === 429) {
    return say('skipped', 'Kinde asks to be left alone for a while.', 'Try again later.');
  }
  return say(
    'warning',
    `Kinde's answer (status ${answer.status}) does not tell whether it knows the client.`,
  );
}
