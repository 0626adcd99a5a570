import { html } from 'hono/html';
import { copyButton, cut, straight } from './parts.js';
import type { Page } from './visit.js';

const PATH = '/emulator/token';

/** Makes an access token for a user, and shows it once. */
export const tokenPage: Page = {
  path: PATH,
  formOn: '/emulator',
  async show({ session, url }) {
    const id = url.searchParams.get('done') ?? '';
    const content = session.once.get(id);
    session.once.delete(id);
    return {
      title: 'Access token',
      current: 'start',
      content:
        content ??
        html`<p>It was shown already, or there is none. <a href="/emulator">Make one</a>.</p>`,
    };
  },
  async act(form, { control }) {
    const person = form.get('person') ?? '';
    const organization = form.get('organization') || undefined;
    const { token, claims } = await control.createToken({
      person,
      ...(organization && { organization }),
    });
    const input = JSON.stringify({ person, ...(organization && { organization }) });
    return {
      to: PATH,
      text: 'A token was made. It is shown once.',
      call: `POST /emulator/api/v1/tokens ${cut(input)}`,
      once: html`<div class="card">
          <pre class="wrap" id="token">${token}</pre>
          <div class="foot">
            <p class="soft">For the header <code>Authorization: Bearer …</code> of your API.</p>
            ${copyButton('token')}
          </div>
        </div>
        <h2>What it says</h2>
        <div class="card"><pre>${straight(JSON.stringify(claims, null, 2))}</pre></div>
        <p class="row"><a class="button" href="/emulator">Back to the start</a></p>`,
    };
  },
};
