import { failurePage, portalPage } from '../pages/pages.js';
import { findPerson } from '../state/sign-ins.js';
import type { State } from '../state/state.js';

/** The self-serve portal, which opens once per link. */
export function portal(request: Request, state: State): Response {
  const key = new URL(request.url).searchParams.get('key') ?? '';
  const person = findPerson(state, state.portalKeys.get(key) ?? '');
  state.portalKeys.delete(key);
  if (person) {
    return portalPage(person);
  }
  return failurePage(
    'This link was used before',
    'Portal links work once. Ask the app for another.',
  );
}
