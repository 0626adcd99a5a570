import { startSession } from './oauth/authorize.js';
import { findByName } from './state/identities.js';
import type { State } from './state/state.js';

/** Goes the way of a browser, form by form, so that what a test sees is what a person would get. */
export async function signIn(
  url: URL,
  { email, organization }: { email: string; organization?: string },
  { state, answer }: { state: State; answer: (request: Request) => Promise<Response> },
): Promise<URL> {
  const person = findByName(state, email);
  if (!person) {
    throw new Error(`The emulator knows nobody with the address ${email}.`);
  }
  if (url.origin !== state.issuer || url.pathname !== '/oauth2/auth') {
    throw new Error(
      `That is not the authorization endpoint of ${state.issuer}: ${url.origin}${url.pathname}`,
    );
  }
  const asked = url.searchParams.get('org_code') ?? organization;
  if (
    organization !== undefined &&
    (asked !== organization || !Object.hasOwn(person.organizations, organization))
  ) {
    throw new Error(
      `${email} is not asked for ${organization}: ${asked === organization ? 'not a member.' : `the URL says ${asked}.`}`,
    );
  }
  const silent = url.searchParams.get('prompt') === 'none';
  const headers = silent
    ? { cookie: startSession('', person, state)['set-cookie']!.split(';')[0]! }
    : {};
  let response = await answer(new Request(url, { headers }));
  const [home] = Object.keys(person.organizations);
  const steps = [
    ['/emulator/sign-in', { person: person.id }],
    ['/emulator/organization', { org_code: organization ?? home ?? '' }],
  ] as const;
  for (const [path, choice] of steps) {
    if (response.status !== 200) {
      break;
    }
    const request =
      /name="request" value="([\w-]+)"/.exec(await response.clone().text())?.[1] ?? '';
    const body = new URLSearchParams({ request, ...choice });
    response = await answer(new Request(state.issuer + path, { method: 'POST', body }));
  }
  const location = response.headers.get('location');
  if (location) {
    return new URL(location);
  }
  const text = (await response.text())
    .replace(/<style>.*?<\/style>|<[^>]+>/gs, ' ')
    .replace(/\s+/g, ' ');
  throw new Error(`Kinde shows a page instead: ${text}`);
}
