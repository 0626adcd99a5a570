import { ask } from '../ask.js';
import { show } from '../describe.js';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';

/** An address that Kinde returns people to. */
export interface ReturnUrl {
  readonly kind: 'callback' | 'logout';
  readonly url: string;
  /** All that Kinde has, where they could be listed. */
  readonly registered: readonly string[] | undefined;
  /** Where to ask Kinde to return somebody who is not signed in; absent where it cannot be asked. */
  readonly probe: URL | undefined;
}

/** Whether Kinde would return people to the app: by its list of addresses, or else by trying. */
export async function checkUrl(
  { kind, url, registered, probe }: ReturnUrl,
  { fetch }: Settings,
): Promise<Checked> {
  const refused = say(
    'failed',
    `${show(url)} is not a ${kind} URL of this application${registered ? hint(registered, url) : ''}.`,
    `Add it in Kinde, under the application's allowed ${kind} URLs. It must be equal, character by character.`,
  );
  if (registered) {
    const isRegistered = registered.some((entry) => matches(entry, url));
    return { statements: [isRegistered ? say('ok', `${show(url)} is registered.`) : refused] };
  }
  if (!probe) {
    return { statements: [say('skipped', 'Kinde cannot be asked: it does not know the client.')] };
  }
  // With an audience, Kinde could refuse for that reason, too.
  probe.searchParams.delete('audience');
  const answer = await ask(fetch, probe);
  if (typeof answer === 'string') {
    return { statements: [say('failed', `${show(probe)} does not answer: ${answer}.`)] };
  }
  if (returnsTo(answer.headers.get('location'), url)) {
    return { statements: [say('ok', `${show(url)} is registered: Kinde returns there.`)] };
  }
  return { statements: [answer.status === 400 ? refused : unclear(answer.status)] };
}

function unclear(status: number): Statement {
  const fix =
    'Set KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET, to have the list compared.';
  return say(
    'skipped',
    `Kinde's answer (status ${status}) does not tell whether the address is registered.`,
    fix,
  );
}

/** Kinde redirects to registered addresses only, so arriving there is proof. */
function returnsTo(location: string | null, url: string): boolean {
  if (location === null || !URL.canParse(location)) {
    return false;
  }
  return show(location) === show(url);
}

/** Equal, or of the pattern that Kinde allows: one star in the first label of the host. */
function matches(entry: string, url: string): boolean {
  const [before, after, more] = entry.split('*');
  if (after === undefined || more !== undefined) {
    return entry === url;
  }
  if (!/^https?:\/\/[^./]*$/.test(before!) || !/^[^./]*\./.test(after)) {
    return false;
  }
  const middle = url.slice(before!.length, url.length - after.length);
  return url === before + middle + after && /^[a-z0-9-]+$/i.test(middle);
}

/** What is nearly the same is what was meant. */
function hint(registered: readonly string[], url: string): string {
  const variants: readonly (readonly [string, (text: string) => string])[] = [
    ['the slash at its end', (text) => text.replace(/\/$/, '')],
    ['http or https', (text) => text.replace(/^https?:/, '')],
    ['localhost or 127.0.0.1', (text) => text.replace('//127.0.0.1', '//localhost')],
    ['upper and lower case', (text) => text.toLowerCase()],
    ['its port', (text) => text.replace(/:\d+(?=\/|$)/, '')],
  ];
  const found = variants.find(([, reduce]) =>
    registered.some((entry) => reduce(entry) === reduce(url)),
  );
  return `, which has ${registered.length}${found ? `; one differs only in ${found[0]}` : ''}`;
}
