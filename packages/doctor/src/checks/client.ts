import { ask, type Answer } from '../ask.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import type { Endpoints } from './discovery.js';
import type { App } from './environment.js';

/**
 * Checks whether Kinde accepts the client ID and secret, without a browser: it sends a code that cannot exist, and the client
 * is authenticated before the code is looked up (RFC 6749 5.2).
 */
export async function checkClient(
  { app, endpoints }: { app: App; endpoints: Endpoints },
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
  const answer = await ask(fetch, endpoints.token, {
    method: 'POST',
    headers,
    body: body.toString(),
  });
  const statement = judge(answer, {
    hasSecret: app.clientSecret !== undefined,
    isEmulator: endpoints.isEmulator,
  });
  if (statement.outcome === 'failed') {
    return concluded(statement);
  }
  return { statements: [statement], found: true };
}

/** What decides about the advice. */
interface Client {
  readonly hasSecret: boolean;
  readonly isEmulator: boolean;
}

function judge(answer: Answer | string, client: Client): Statement {
  if (typeof answer === 'string') {
    return say('failed', `The token endpoint does not respond: ${answer}.`);
  }
  const error = answer.json?.['error'];
  if (error === 'invalid_client' || answer.status === 401) {
    return unknownClient(client);
  }
  if (error === 'unauthorized_client' || error === 'unsupported_grant_type') {
    return say(
      'failed',
      'This application is not allowed to sign users in.',
      'Use the client ID of a back-end web application, not of a machine-to-machine one.',
    );
  }
  if (error === 'invalid_grant') {
    const secret = client.hasSecret ? ' and its secret' : ', which has no secret';
    return say('ok', `Kinde knows the client${secret}.`);
  }
  if (answer.status === 429) {
    return say('skipped', "Kinde's rate limit is reached.", 'Try again later.');
  }
  return say(
    'warning',
    `Kinde's response (status ${answer.status}) does not tell whether it knows the client.`,
  );
}

function unknownClient({ hasSecret, isEmulator }: Client): Statement {
  if (hasSecret && isEmulator) {
    return say(
      'failed',
      'The local Kinde does not know this client ID and secret: they belong to another one, or to a state of it that was deleted.',
      'Copy its variables anew (npx @kindling/emulator --env <file> writes them), and restart your app.',
    );
  }
  if (hasSecret) {
    return say(
      'failed',
      'Kinde does not know this client ID and secret.',
      'Copy KINDE_CLIENT_ID and KINDE_CLIENT_SECRET from one application of this very domain.',
    );
  }
  return say(
    'failed',
    'Kinde does not know this client ID, or its application has a secret.',
    'Compare KINDE_CLIENT_ID, and set KINDE_CLIENT_SECRET.',
  );
}
