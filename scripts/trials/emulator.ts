// Tries the installed @kindling/emulator: a machine gets a token from a Kinde that lives in this process.
import assert from 'node:assert/strict';
import { createEmulator, defaultSeed, type Emulator } from '@kindling/emulator';

export async function trial(): Promise<void> {
  const emulator: Emulator = await createEmulator({
    siteUrl: 'https://app.example',
    seed: {
      ...defaultSeed,
      apis: [{ audience: 'https://api.example', name: 'Todos', scopes: [] }],
      applications: [
        {
          name: 'A machine',
          clientId: 'a-machine',
          clientSecret: 'its-secret',
          type: 'm2m',
          redirectUris: [],
          logoutUris: [],
          audiences: ['https://api.example'],
        },
      ],
    },
  });
  const answer = await emulator.fetch(`${emulator.issuer}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: 'a-machine',
      client_secret: 'its-secret',
      audience: 'https://api.example',
    }),
  });
  const token = (await answer.json()) as { access_token?: string };
  assert.equal(answer.status, 200);
  assert.equal(token.access_token?.split('.').length, 3);
  await emulator.close();
}
