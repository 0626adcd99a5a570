import { html } from 'hono/html';
import { failurePage } from './pages.js';

/** A callback that an app asked for in vain. */
export interface RefusedCallback {
  /** The address that it asked for. */
  readonly given: string;
  /** Name of the application. */
  readonly application: string;
  /** Addresses that are registered. */
  readonly allowed: readonly string[];
  /** The registered address that resembles it most. */
  readonly nearest: string | undefined;
  /** In what the two differ, a line for each part. */
  readonly differences: readonly string[];
  /** The request, as a query, where the address may be allowed here. */
  readonly search: string | undefined;
}

/** Why a callback is refused: in what it differs from the nearest one, and how to allow it, here and at Kinde. */
export function callbackPage(callback: RefusedCallback): Response {
  const { given, application, allowed, nearest, search } = callback;
  return failurePage(
    'This callback URL is not allowed',
    'The app asked to return to an address that is not registered. They must be equal, character by character.',
    {
      'Received redirect_uri': [given || '(nothing)'],
      ...(nearest !== undefined && { [`Differs from ${nearest} in`]: differences(callback) }),
      [`Allowed for ${application}`]: allowed,
    },
    { more: html`${search === undefined ? '' : allowForm(search)}${given ? atKinde(given) : ''}` },
  );
}

function differences({ differences }: RefusedCallback): readonly string[] {
  return differences.length > 0 ? differences : ['how it is written: the address is the same'];
}

function allowForm(search: string) {
  return html`<form method="post" action="/emulator/allow">
    <input type="hidden" name="search" value="${search}" />
    <button class="main">Allow it here and go on</button>
  </form>`;
}

function atKinde(given: string) {
  return html`<h2>At Kinde</h2>
    <p class="soft">
      In the application’s details, under Callback URLs, add this line:
    </p>
    <dl>
      <dt>Allowed callback URLs</dt>
      <dd>${given}</dd>
    </dl>`;
}
