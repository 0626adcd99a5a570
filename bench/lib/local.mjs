// Ours with the issuer in the same process, where what is measured is neither a server nor a network.
import { SECRET } from '../apps/kit.mjs';
import { AUDIENCE, CLIENT, createIssuer, createKey, createSigner } from './issuer.mjs';
import { importOurs } from './ours.mjs';

const ISSUER = 'http://localhost:4499';
const SITE = 'http://localhost:3999';

export async function createLocalKinde(options = {}, { beside = false, claims = {} } = {}) {
  const { createKinde } = await importOurs('core', beside);
  const key = createKey();
  const answer = createIssuer(key, ISSUER, claims);
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    const [status, body] = answer(request.url, await request.text());
    return Response.json(body, { status });
  };
  const { id: clientId, secret: clientSecret } = CLIENT;
  /** One that knows nothing yet of what another has opened. */
  const create = () =>
    createKinde({
      ...{
        issuer: ISSUER,
        clientId,
        clientSecret,
        siteUrl: SITE,
        secret: SECRET,
        audience: AUDIENCE,
        fetch,
      },
      ...options,
    });
  const kinde = create();
  /** Signs the next person in. Answers their cookie header, and the `Set-Cookie` lines that it comes from. */
  const signIn = async () => {
    const ask = (url, cookies) => ({
      method: 'GET',
      url,
      headers: new Headers({ cookie: cookiesOf(cookies) }),
    });
    const { location, cookies } = await kinde.login(ask('/login', []));
    const [, , back] = answer(location);
    const { cookies: lines } = await kinde.callback(ask(back, cookies));
    return { cookie: cookiesOf(lines), lines };
  };
  return { kinde, create, signIn, signer: createSigner(key, ISSUER) };
}

/** What a browser would send after these `Set-Cookie` lines. */
const cookiesOf = (lines) =>
  lines
    .map((line) => line.split(';', 1)[0])
    .filter((pair) => !pair.endsWith('='))
    .join('; ');
