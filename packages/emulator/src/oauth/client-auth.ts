import { constantTimeEqual } from '../state/password.js';
import type { Application, State } from '../state/state.js';

/** Headers of every answer that carries a token or says something about one. */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** An OAuth error as Kinde's token endpoint gives it (RFC 6749 5.2). */
export function oauthError(error: string, description: string, status = 400): Response {
  const challenge = {
    invalid_client: 'Basic realm="Kinde"',
    invalid_token: 'Bearer error="invalid_token"',
  }[error];
  const headers = { ...NO_STORE, ...(challenge && { 'www-authenticate': challenge }) };
  return Response.json({ error, error_description: description }, { status, headers });
}

/** The parameters of a form request, or nothing where it is no form or names one twice (`audience` may repeat). */
export async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  if (!isForm(request)) {
    return undefined;
  }
  const form = new URLSearchParams(await request.text());
  return repeatedIn(form).length > 0 ? undefined : form;
}

/** Whether a request says that its body is a form. */
export function isForm(request: Request): boolean {
  const type = request.headers.get('content-type') ?? '';
  return /^application\/x-www-form-urlencoded\b/i.test(type);
}

/** Names of parameters that came more than once, which only `audience` may (RFC 6749 3.1). */
export function repeatedIn(params: URLSearchParams): string[] {
  const names = [...new Set(params.keys())];
  return names.filter((name) => name !== 'audience' && params.getAll(name).length > 1);
}

/** The application with this client id. */
export function findClient(
  { applications }: State,
  id: string | null | undefined,
): Application | undefined {
  return applications.find(({ clientId }) => clientId === id);
}

/** The application that proved itself by body or Basic header; public ones need only their id. */
export function authenticateClient(
  request: Request,
  form: URLSearchParams,
  state: State,
): Application | undefined {
  const [basicId, basicSecret] = readBasic(request);
  const id = basicId ?? form.get('client_id');
  const given = basicSecret ?? form.get('client_secret') ?? '';
  const application = findClient(state, id);
  if (application && constantTimeEqual(application.clientSecret ?? '', given)) {
    return application;
  }
  return undefined;
}

/** Id and secret of a Basic header. Both are form-encoded before they are joined (RFC 6749 2.3.1). */
export function readBasic({ headers }: Request): [id?: string, secret?: string] {
  const basic = /^Basic +(.+)$/i.exec(headers.get('authorization') ?? '')?.[1];
  if (!basic) {
    return [];
  }
  const [id = '', ...rest] = Buffer.from(basic, 'base64').toString().split(':');
  const decode = (text: string) =>
    new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';
  return [decode(id), decode(rest.join(':'))];
}
