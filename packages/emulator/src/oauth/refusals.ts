import { callbackPage } from '../pages/callback.js';
import { failurePage } from '../pages/pages.js';
import { suggest } from '../seed/suggest.js';
import type { Application, State } from '../state/state.js';
import { canBeAllowed, nearestAddress, type Difference } from './redirect-uri.js';

/** Kinde's page for a request that makes no sense. */
export function malformed(why: string): Response {
  return failurePage('Malformed request (1656)', why);
}

/** The page for a client id that no application has, with the one that was probably meant. */
export function unknownApplication(clientId: string | null, { applications }: State): Response {
  const known = applications.map((one) => one.clientId);
  const guess = clientId === null ? '' : ` ${capital(suggest(clientId, known))}`;
  return failurePage(
    'Unknown application',
    `No application has this client id.${guess} Compare KINDE_CLIENT_ID with what the local Kinde printed or wrote to .env: ` +
      'an app of another project, or of a Kinde tenant, has other credentials.',
    {
      'Received client_id': [clientId ?? '(nothing)'],
      Known: applications.map((one) => `${one.clientId} (${one.name})`),
    },
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The page for a callback that is not registered: in what it differs, and a way to allow it here. */
export function unknownCallback(query: URLSearchParams, application: Application): Response {
  const given = query.get('redirect_uri') ?? '';
  const { name, redirectUris } = application;
  const closest = nearestAddress(redirectUris, given);
  return callbackPage({
    given,
    application: name,
    allowed: redirectUris,
    nearest: closest?.address,
    differences: closest?.differences.map(inWords) ?? [],
    search: canBeAllowed(given) ? query.toString() : undefined,
  });
}

function inWords({ part, given, registered }: Difference): string {
  return `${part}: ${given || 'none'} was given, ${registered || 'none'} is registered`;
}
