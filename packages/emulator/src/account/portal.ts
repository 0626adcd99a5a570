import { failurePage, portalPage } from '../pages/pages.js';
import type { State } from '../state/state.js';

/** The self-serve portal, which opens once per link. */
export function portal(request: Request, state: State): Response {
  const key = new URL(request.url).searchParams.get('key') ?? '';
  const person = state.people.find(({ id }) => id === state.portalKeys.get(key));
  state.portalKeys.delete(key);
  if (person) {
    return portalPage(person);
  }
  return failurePage(
    'This link was used before',
    'Portal links work once. Ask the app for another.',
  );
}
