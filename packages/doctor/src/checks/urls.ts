import { ask } from '../ask.js';
import { show } from '../describe.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';

/** A URL that Kinde redirects users to. */
export interface ReturnUrl {
  readonly kind: 'callback' | 'logout';
  readonly url: string;
  /** All URLs that Kinde has, where they could be listed. */
  readonly registered: readonly string[] | undefined;
  /** A request that makes Kinde redirect a visitor who is not signed in; absent where it cannot be made. */
  readonly probe: URL | undefined;
  /** Whether Kinde is a local one, whose URLs follow from an option of its command. */
  readonly isEmulator: boolean;
}

/** Checks whether Kinde would redirect users to the app: by its list of URLs, or else by a request. */
export async function checkUrl(given: ReturnUrl, { fetch }: Settings): Promise<Checked> {
  const { url, registered, probe } = given;
  if (registered) {
    if (registered.some((entry) => matches(entry, url))) {
      return concluded(say('ok', `${show(url)} is registered.`));
    }
    return concluded(unregistered(given, hint(registered, url)));
  }
  if (!probe) {
    return concluded(say('skipped', 'Skipped: fix the discovery or client errors above first.'));
  }
  // Kinde could refuse the request for its audience, too.
  probe.searchParams.delete('audience');
  const answer = await ask(fetch, probe);
  if (typeof answer === 'string') {
    return concluded(say('failed', `${show(probe)} does not respond: ${answer}.`));
  }
  if (returnsTo(answer.headers.get('location'), url)) {
    return concluded(say('ok', `${show(url)} is registered: Kinde redirects there.`));
  }
  if (answer.status === 400) {
    return concluded(unregistered(given));
  }
  return concluded(unclear(answer.status));
}

function unregistered({ kind, url, isEmulator }: ReturnUrl, details = ''): Statement {
  const detail = `${show(url)} is not a ${kind} URL of this application${details}.`;
  if (isEmulator) {
    const fix = `Start the local Kinde for this app: npx @kindling/emulator --site ${new URL(url).origin}, or add the URL to its seed.`;
    return say('failed', detail, fix);
  }
  return say(
    'failed',
    detail,
    `Add it in Kinde, under the application's allowed ${kind} URLs. It must be equal, character by character.`,
  );
}

function unclear(status: number): Statement {
  return say(
    'skipped',
    `Kinde's response (status ${status}) does not tell whether the URL is registered.`,
    'Set KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET, to have the list compared.',
  );
}

/** Kinde redirects to registered URLs only, so a redirect there is proof. */
function returnsTo(location: string | null, url: string): boolean {
  if (location === null || !URL.canParse(location)) {
    return false;
  }
  return show(location) === show(url);
}

/** Checks a URL against an entry of Kinde's list: equal, or with one wildcard in the first label of the host. */
function matches(entry: string, url: string): boolean {
  const [before = '', after, more] = entry.split('*');
  if (after === undefined || more !== undefined) {
    return entry === url;
  }
  if (!/^https?:\/\/[^./]*$/.test(before) || !/^[^./]*\./.test(after)) {
    return false;
  }
  const middle = url.slice(before.length, url.length - after.length);
  return url === before + middle + after && /^[a-z0-9-]+$/i.test(middle);
}

/** A part of URLs that is easily mistaken, and how to leave it out. */
interface Variant {
  readonly part: string;
  readonly reduce: (url: string) => string;
}

const VARIANTS: readonly Variant[] = [
  {
    part: 'the slash at its end',
    reduce: (url) => url.replace(/\/$/, ''),
  },
  {
    part: 'http or https',
    reduce: (url) => url.replace(/^https?:/, ''),
  },
  {
    part: 'localhost or 127.0.0.1',
    reduce: (url) => url.replace('//127.0.0.1', '//localhost'),
  },
  {
    part: 'upper and lower case',
    reduce: (url) => url.toLowerCase(),
  },
  {
    part: 'its port',
    reduce: (url) => url.replace(/:\d+(?=\/|$)/, ''),
  },
];

/** Describes the list, and an entry that differs in one part only. */
function hint(registered: readonly string[], url: string): string {
  const count = `, which has ${registered.length}`;
  const found = VARIANTS.find(({ reduce }) =>
    registered.some((entry) => reduce(entry) === reduce(url)),
  );
  if (!found) {
    return count;
  }
  return `${count}; one differs only in ${found.part}`;
}
