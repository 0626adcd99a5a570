import { isLoopback, isPublic } from '@kindling/internal';
import { checkOrigin, HTTP, isThisMachine } from './checks.js';

/** Where an address of Kinde is used: see `checkIssuerHost`. */
export interface IssuerRules {
  /** Whether the address must be one of production. */
  readonly production: boolean;
  /** Whether names and addresses of private networks are accepted. */
  readonly allowPrivate: boolean;
  /** Why `KINDE_LOCAL` does not help, where it is set: a sentence after a space, or nothing. */
  readonly note: string;
}

/** The tenant's origin. `checkIssuerHost` checks its host. */
export function checkIssuer(value: unknown): string | undefined {
  return checkOrigin(value, 'https://acme.kinde.com', isPrivate);
}

/** Kinde's domain with or without its scheme, and with or without slashes at its end. */
export function readIssuer(text: string): string {
  const origin = text.includes('://') ? text : `https://${text}`;
  return origin.replace(/\/+$/, '');
}

/** The origin that the server reaches the issuer at. `checkIssuerHost` checks its host. */
export function checkBackchannel(value: unknown): string | undefined {
  return checkOrigin(value, 'http://kinde:4455', isPrivate);
}

/** Plain http may be accepted where no name of the internet is meant. */
function isPrivate(hostname: string): boolean {
  return !isPublic(hostname);
}

/**
 * The issuer is asked for keys and given the client secret, so in production it must be a public https host. Nothing is found
 * in an address that `checkIssuer` refuses.
 */
export function checkIssuerHost(
  issuer: string | undefined,
  rules: IssuerRules,
): string | undefined {
  if (issuer === undefined || checkIssuer(issuer)) {
    return undefined;
  }
  const { hostname, protocol, port } = new URL(issuer);
  if (/^((app|www|docs)\.)?kinde\.com$/.test(hostname)) {
    return "must be your own domain at Kinde, https://<your name>.kinde.com: this one is Kinde's own, such as that of the admin area.";
  }
  if (['22', '25'].includes(port)) {
    return 'must not use port 22 or 25, which are for SSH and mail.';
  }
  return networkProblem({ protocol, hostname }, rules);
}

function networkProblem(
  { protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>,
  { production, allowPrivate, note }: IssuerRules,
): string | undefined {
  if (production && protocol === 'http:') {
    return `must use https in production.${note}`;
  }
  if (production && !allowPrivate && !isPublic(hostname)) {
    return `must be a public host name in production, not an IP address or a name of a private network. Set \`allowPrivateIssuer\` to accept it.${note}`;
  }
  if (protocol === 'http:' && !allowPrivate && !isThisMachine(hostname)) {
    return `${HTTP} In development, set \`allowPrivateIssuer\` to accept a name of your own network, such as that of a container.`;
  }
  return undefined;
}

/** What decides whether a local Kinde is accepted. */
interface LocalRules {
  /** The option `issuer`. */
  readonly issuer: string;
  /** The option `siteUrl`. */
  readonly siteUrl: string;
  /** Whether the app is in production. */
  readonly production: boolean;
  /** Whether `KINDE_LOCAL` is `true`. */
  readonly isAsked: boolean;
}

/**
 * Says why a local Kinde is refused; `undefined` where one is accepted. Anybody can make its tokens, so it is for development,
 * and for tests of a production build whose users are all on this machine.
 */
export function localRefusal({
  isAsked,
  production,
  issuer,
  siteUrl,
}: LocalRules): string | undefined {
  if (!production) {
    return undefined;
  }
  if (!isAsked) {
    return 'Set the issuer to your Kinde domain. To test a production build on this machine, set KINDE_LOCAL=true.';
  }
  const [other] = Object.entries({ issuer, siteUrl }).find(([, url]) => !isHere(url)) ?? [];
  if (other === undefined) {
    return undefined;
  }
  return `KINDE_LOCAL=true has no effect: \`${other}\` is not on localhost, 127.0.0.1 or [::1].`;
}

function isHere(url: unknown): boolean {
  const text = String(url);
  return URL.canParse(text) && isLoopback(new URL(text).hostname, { network: true });
}
