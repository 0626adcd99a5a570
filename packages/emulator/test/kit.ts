import * as contract from '@kindling/management/contract';
import type { Operation } from '@kindling/management';
import { decodeJwt } from 'jose';
import * as v from 'valibot';
import { expect } from 'vitest';
import type { Emulator } from '../src/index.js';

/** A token of the machine application, for all of the Management API or these scopes. */
export async function managementToken(emulator: Emulator, scope?: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: emulator.env['KINDE_MANAGEMENT_CLIENT_ID']!,
    client_secret: emulator.env['KINDE_MANAGEMENT_CLIENT_SECRET']!,
    audience: `${emulator.issuer}/api`,
    ...(scope && { scope }),
  });
  const response = await emulator.fetch(`${emulator.issuer}/oauth2/token`, {
    method: 'POST',
    body,
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Calls an operation of the Management API by its name, such as `roles.create`. */
export type Call = (
  name: string,
  input?: Record<string, unknown>,
) => Promise<{ status: number; body: any }>;

/** Calls the emulator as the contract says, and holds every response against what the contract promises. */
export function callerOf(emulator: Emulator, token: string): Call {
  return async (name, input = {}) => {
    const [resource = '', verb = ''] = name.split('.');
    const all = contract as unknown as Record<string, Record<string, Operation>>;
    const operation = all[resource]?.[verb];
    if (!operation) {
      throw new Error(`The contract has no operation ${name}.`);
    }
    const { method, url, body: sent } = requestFor(operation, input, emulator.issuer);
    const response = await emulator.fetch(url, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(sent && { 'content-type': 'application/json' }),
      },
      ...(sent && { body: sent }),
    });
    const body: any = await response.json();
    if (response.ok) {
      expect(response.status, name).toBe(operation.status ?? 200);
      expectPromised(operation, body, { name, mode: emulator.state.managementMode });
    }
    return { status: response.status, body };
  };
}

/** Fills path, query and body from one object, as the client does. */
function requestFor(operation: Operation, input: Record<string, unknown>, issuer: string) {
  const [method = '', template = ''] = operation.route.split(' ');
  const rest = { ...input };
  const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
    const value = encodeURIComponent(String(rest[key]));
    delete rest[key];
    return value;
  });
  const url = new URL(issuer + path);
  for (const key of Object.keys(operation.query ?? {})) {
    addToQuery(url.searchParams, key, rest[key]);
    delete rest[key];
  }
  const hasBody = Object.keys({ ...operation.body, ...rest }).length > 0;
  return { method, url, body: hasBody ? JSON.stringify(rest) : undefined };
}

function addToQuery(query: URLSearchParams, key: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [inner, one] of Object.entries(value)) {
      query.set(`${key}[${inner}]`, String(one));
    }
  } else if (value !== undefined) {
    query.set(key, String(value));
  }
}

function expectPromised(
  operation: Operation,
  body: any,
  { name, mode }: { name: string; mode: Emulator['state']['managementMode'] },
): void {
  const tidied = operation.normalize?.(body) ?? body;
  const { issues } = v.safeParse(operation.returns, emptied(tidied, mode));
  const problems = issues?.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
  expect(problems, `the answer of ${name}`).toBeUndefined();
}

/** What the client makes of lists that come as null. */
function emptied(body: unknown, mode: Emulator['state']['managementMode']): unknown {
  if (mode === 'strict' || typeof body !== 'object' || body === null) {
    return body;
  }
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [
      key,
      value === null && key.endsWith('s') ? [] : value,
    ]),
  );
}

/** An app that signs people in here, and its person's browser. */
export function appOf(emulator: Emulator, site: string) {
  const credentials = {
    client_id: emulator.env['KINDE_CLIENT_ID']!,
    client_secret: emulator.env['KINDE_CLIENT_SECRET']!,
  };
  const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    emulator.fetch(emulator.issuer + path, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers,
    });
  const redeem = async (form: Record<string, string>) => {
    const response = await post('/oauth2/token', { ...credentials, ...form });
    return { status: response.status, body: (await response.json()) as Record<string, any> };
  };
  const linkTo = (params: Record<string, string> = {}) =>
    `${emulator.issuer}/oauth2/auth?${new URLSearchParams({
      client_id: credentials.client_id,
      redirect_uri: `${site}/callback`,
      response_type: 'code',
      scope: 'openid profile email offline',
      state: 'state-of-the-app',
      ...params,
    })}`;
  const exchange = async (callback: URL) => {
    const code = callback.searchParams.get('code')!;
    const { body } = await redeem({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${site}/callback`,
    });
    return {
      ...body,
      access: decodeJwt(body['access_token']),
      id: decodeJwt(body['id_token']),
    } as Tokens;
  };
  /** The page that an authorization request shows, and its form. */
  const open = async (params?: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await emulator.fetch(linkTo(params), { headers, redirect: 'manual' });
    const text = await response.text();
    return { response, text, request: /name="request" value="([\w-]+)"/.exec(text)?.[1] ?? '' };
  };
  return {
    post,
    exchange,
    open,
    linkTo,
    signIn: async (email: string, params?: Record<string, string>) =>
      exchange(await emulator.signIn(linkTo(params), { email })),
    refresh: ({ refresh_token }: Tokens) => redeem({ grant_type: 'refresh_token', refresh_token }),
    isActive: async ({ access_token: token }: Tokens) => {
      const machine = await managementToken(emulator);
      const answer = await post(
        '/oauth2/introspect',
        { token },
        { authorization: `Bearer ${machine}` },
      );
      return ((await answer.json()) as { active: boolean }).active;
    },
    /** Types a name, and a password if there is one, into the form. */
    type: async (fields: Record<string, string>, params?: Record<string, string>) => {
      const { request } = await open(params);
      return post('/emulator/sign-in', { request, ...fields });
    },
  };
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly access: Record<string, any>;
  readonly id: Record<string, any>;
}

/** Types of what happened, oldest first. */
export function eventsOf({ state }: Emulator): { type: string; source: string; data: any }[] {
  return [...state.events.values()].map(({ type, source, data }) => ({ type, source, data }));
}
