import * as contract from '@kindling/management/contract';
import type { Operation } from '@kindling/management';
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
  const response = await emulator.fetch(`${emulator.issuer}/oauth2/token`, { method: 'POST', body });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** Calls an operation of the Management API by its name, such as `roles.create`. */
export type Call = (name: string, input?: Record<string, unknown>) => Promise<{ status: number; body: any }>;

/** Calls the emulator as the contract says, and holds every answer against what the contract promises. */
export function callerOf(emulator: Emulator, token: string): Call {
  return async (name, input = {}) => {
    const [resource, verb] = name.split('.') as [string, string];
    const operation = (contract as unknown as Record<string, Record<string, Operation>>)[resource]![verb]!;
    const [method, template] = operation.route.split(' ') as [string, string];
    const rest = { ...input };
    const path = template.replaceAll(/\{(\w+)\}/g, (_, key: string) => {
      const value = encodeURIComponent(String(rest[key]));
      delete rest[key];
      return value;
    });
    const url = new URL(emulator.issuer + path);
    for (const key of Object.keys(operation.query ?? {})) {
      if (rest[key] !== undefined) url.searchParams.set(key, String(rest[key]));
      delete rest[key];
    }
    const sendsBody = Object.keys(operation.body ?? {}).length > 0 || Object.keys(rest).length > 0;
    const response = await emulator.fetch(url, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(sendsBody && { 'content-type': 'application/json' }) },
      ...(sendsBody && { body: JSON.stringify(rest) }),
    });
    const body: any = await response.json();
    if (response.ok) {
      expect(response.status, name).toBe(operation.status ?? 200);
      const tidied = operation.tidy?.(body) ?? body;
      const { issues } = v.safeParse(operation.returns, emptied(tidied, emulator.state.managementMode));
      expect(
        issues?.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`),
        `the answer of ${name}`,
      ).toBeUndefined();
    }
    return { status: response.status, body };
  };
}

/** What the client makes of lists that come as null. */
function emptied(body: unknown, mode: Emulator['state']['managementMode']): unknown {
  if (mode === 'strict' || typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([key, value]) => [key, value === null && key.endsWith('s') ? [] : value]),
  );
}
