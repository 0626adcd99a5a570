import * as v from 'valibot';
import type { ClockSettings } from '../clock.js';
import type { TenantData } from './state.js';

// What a snapshot must look like, so that one that was changed by hand cannot break requests later.

/** Everything that survives, as JSON: a snapshot, and what a state file holds. */
export interface Snapshot {
  /** Version of this form: a later one may be read by a later release only. */
  readonly version: number;
  /** Real time at which it was taken, as in ISO 8601. */
  readonly takenAt: string;
  /** How the clock differed from real time. */
  readonly clock: ClockSettings;
  /** The tenant. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Version that `capture` writes. */
export const SNAPSHOT_VERSION = 1;

type Unread = Readonly<Record<string, unknown>>;

/** How a snapshot of each older version becomes one of the next. */
const UPGRADES: readonly ((older: Unread) => Unread)[] = [
  // 0: before the clock was kept.
  (older) => ({
    takenAt: new Date(0).toISOString(),
    clock: {
      ahead: 0,
      speed: 1,
      since: 0,
    },
    ...older,
  }),
];

const text = v.string();
const texts = v.array(text);
/** Times among them: no date is further away (ECMA-262, 21.4.1.1, in seconds). */
const FURTHEST = 8.64e12;
const number = v.pipe(v.number(), v.minValue(-FURTHEST), v.maxValue(FURTHEST));
const some = v.optional;

/** Things by a key. Their fields that are not named here may be anything. */
const byKey = (fields: v.ObjectEntries) => v.record(text, v.looseObject(fields));
const listOf = (fields: v.ObjectEntries) => v.array(v.looseObject(fields));
/** A map, as pairs. */
const pairs = (fields: v.ObjectEntries) => v.array(v.tuple([text, v.looseObject(fields)]));
const pairsOfTexts = v.array(v.tuple([text, text]));

const event = {
  id: text,
  type: text,
  source: text,
  at: number,
  data: v.looseObject({}),
};

/** What each part looks like. The compiler demands a row for every part of the data. */
const SHAPES = {
  permissions: byKey({
    id: text,
    name: text,
    description: text,
  }),
  roles: byKey({
    id: text,
    name: text,
    permissions: texts,
  }),
  flags: byKey({
    type: v.picklist(['s', 'b', 'i', 'j']),
  }),
  applications: listOf({
    name: text,
    clientId: text,
    clientSecret: some(text),
    type: text,
    redirectUris: texts,
    logoutUris: texts,
    audiences: some(texts),
    tokens: some(v.looseObject({})),
  }),
  apis: listOf({
    id: text,
    audience: text,
    name: text,
    scopes: listOf({
      id: text,
      key: text,
    }),
  }),
  properties: byKey({
    id: text,
    name: text,
    context: text,
  }),
  propertyCategories: listOf({
    id: text,
    name: text,
    context: text,
  }),
  connections: listOf({
    id: text,
    strategy: text,
    applications: texts,
    organizations: texts,
  }),
  apiKeys: listOf({
    id: text,
    apiId: text,
    scopes: texts,
    hash: v.pipe(text, v.regex(/^[0-9a-f]{64}$/)),
  }),
  environmentVariables: listOf({
    id: text,
    key: text,
    value: text,
  }),
  subscribers: listOf({
    id: text,
    email: text,
  }),
  webhooks: listOf({
    id: text,
    endpoint: text,
    eventTypes: texts,
  }),
  usage: listOf({
    featureCode: text,
    value: number,
    at: number,
  }),
  environmentFlags: v.record(text, v.unknown()),
  organizations: byKey({
    name: text,
    flags: some(v.record(text, v.unknown())),
    entitlements: some(byKey({ name: text })),
    properties: some(v.record(text, text)),
  }),
  people: listOf({
    id: text,
    email: some(text),
    username: some(text),
    phone: some(text),
    password: some(text),
    organizations: byKey({
      roles: some(texts),
      permissions: some(texts),
    }),
    identities: some(
      listOf({
        id: text,
        type: text,
        value: text,
        normal: text,
      }),
    ),
    flags: some(v.record(text, v.unknown())),
    properties: some(v.record(text, text)),
  }),
  invitations: listOf({
    code: text,
    orgCode: text,
    email: text,
    roles: texts,
  }),
  managementLimit: some(
    v.looseObject({
      requests: number,
      seconds: number,
      since: number,
      taken: number,
    }),
  ),
  reuse: number,
  createdAt: number,
  grants: pairs({
    id: text,
    personId: text,
    clientId: text,
    scope: texts,
    audience: texts,
    orgCode: some(text),
    authTime: number,
    ended: v.boolean(),
    accessToken: some(
      v.looseObject({
        token: text,
        kid: text,
        issuer: text,
        expiresAt: number,
        says: text,
      }),
    ),
  }),
  codes: pairs({
    grantId: text,
    redirectUri: text,
    expiresAt: number,
    used: v.boolean(),
  }),
  refreshTokens: pairs({
    grantId: text,
    issuedAt: number,
    expiresAt: number,
  }),
  issued: pairsOfTexts,
  revoked: texts,
  sessions: pairs({
    personId: text,
    authTime: number,
  }),
  portalKeys: pairsOfTexts,
  pending: pairs({
    search: text,
    requestedAt: number,
    userAgent: text,
  }),
  events: pairs(event),
  queued: listOf({
    id: text,
    webhookId: text,
    event: v.looseObject(event),
    attempt: number,
    due: number,
  }),
} as const satisfies Record<keyof TenantData, v.GenericSchema>;

const ClockSchema = v.object({
  ahead: number,
  frozenAt: some(v.pipe(number, v.gtValue(0), v.ltValue(253_402_300_800))),
  speed: v.pipe(number, v.minValue(0.01), v.maxValue(100_000)),
  since: number,
});

const SnapshotSchema = v.looseObject({
  version: v.literal(SNAPSHOT_VERSION),
  takenAt: text,
  clock: ClockSchema,
  // A part that is missing begins anew.
  data: v.partial(v.looseObject(SHAPES)),
});

const LATER = 'LaterVersionError';

/** An error for what a later release has written. */
export function laterVersion(message: string): TypeError {
  return Object.assign(new TypeError(`${message} Update @kindling/emulator.`), { name: LATER });
}

/** Whether something was refused because a later release has written it. */
export function isOfLaterVersion(error: unknown): boolean {
  return error instanceof TypeError && error.name === LATER;
}

/**
 * Reads a snapshot of this version or an older one.
 * @throws TypeError that says what is wrong with it, for anything else
 * @throws TypeError for one that a later release took: see `isOfLaterVersion`
 */
export function checkSnapshot(given: unknown): Snapshot {
  const { version } = Object(given) as { version?: unknown };
  if (!Number.isInteger(version) || (version as number) < 0) {
    throw new TypeError('This is no snapshot of a local Kinde: it has no version.');
  }
  if ((version as number) > SNAPSHOT_VERSION) {
    throw laterVersion(
      `This snapshot is of a later release (its version is ${String(version)}, this release reads up to ${SNAPSHOT_VERSION}).`,
    );
  }
  const snapshot = UPGRADES.slice(version as number).reduce<Unread>(
    (older, upgrade) => upgrade(older),
    given as Unread,
  );
  return checkShape({
    ...snapshot,
    version: SNAPSHOT_VERSION,
  });
}

function checkShape(snapshot: Unread): Snapshot {
  const { issues } = v.safeParse(SnapshotSchema, snapshot, { abortEarly: true });
  if (issues) {
    const [issue] = issues;
    throw new TypeError(
      `This is no snapshot of a local Kinde: ${v.getDotPath(issue) ?? 'it'} must be ${issue.expected ?? 'of another form'}.`,
    );
  }
  return snapshot as unknown as Snapshot;
}
