import * as v from 'valibot';
import { suggest } from './suggest.js';

// One schema of a seed: it checks the shape at start-up, and `seed.schema.json` is generated from it.

type Entries = Parameters<typeof v.strictObject>[0];

/** An object of these fields and no others. */
function strictObject<const Fields extends Entries>(fields: Fields) {
  const known = Object.keys(fields);
  return v.strictObject(fields, (issue) => {
    if (issue.expected === 'never') {
      return `is not a known field; ${suggest(String(issue.input), known)}`;
    }
    const isMissing = issue.expected !== 'Object';
    return isMissing ? 'is required.' : 'must be an object.';
  });
}

/** One of a few words. */
function picklist<const Words extends readonly string[]>(words: Words) {
  return v.picklist(
    words,
    (issue) =>
      `${JSON.stringify(issue.input)} is not allowed; ${suggest(String(issue.input), words)}`,
  );
}

/** Names that `v.record` leaves out without a word, since objects have members of these names already. */
const RESERVED = ['__proto__', 'prototype', 'constructor'];

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reservedIn(value: object): string | undefined {
  return RESERVED.find((name) => Object.hasOwn(value, name));
}

// `v.record` takes lists for objects.
const object = v.custom<Record<string, unknown>>(
  (value) => isObject(value) && reservedIn(value) === undefined,
  ({ input }) =>
    isObject(input)
      ? `must not use the name ${JSON.stringify(reservedIn(input))}.`
      : 'must be an object.',
);

function record<Value extends v.GenericSchema>(value: Value) {
  return v.pipe(object, v.record(v.string(), value));
}

function list<Item extends v.GenericSchema>(item: Item) {
  return v.array(item, 'must be a list.');
}

// A field that is written down as `undefined` counts as one that is left out; in the types it is one that is left out.
const optional = v.optional as unknown as typeof v.exactOptional;

const text = v.pipe(v.string('must be a string.'), v.nonEmpty('must not be empty.'));
const texts = list(text);
const boolean = v.boolean('must be true or false.');
const integer = v.pipe(
  v.number('must be a whole number.'),
  v.safeInteger('must be a whole number.'),
);
const seconds = v.pipe(integer, v.minValue(1, 'must be at least 1.'), v.description('Seconds.'));

/** Objects and arrays, the values of flags of type `j`. JSON schema knows them under both names. */
export const JsonValueSchema = v.custom<object>(
  (value) => typeof value === 'object' && value !== null,
  'must be an object or a list.',
);

// `checkSeed` holds it against the type of the flag.
const flagValue = v.union(
  [v.string(), v.boolean(), v.number(), JsonValueSchema],
  'must be a string, a boolean, a whole number, an object or a list.',
);

const flagValues = v.pipe(
  record(flagValue),
  v.description('Flag code and value, where it differs.'),
);
const properties = v.pipe(
  record(v.string('must be a string.')),
  v.description('Property key and value.'),
);

const RoleSchema = strictObject({
  name: text,
  permissions: texts,
  isDefault: optional(v.pipe(boolean, v.description('Assigned to users who register.'))),
});

const FlagSchema = strictObject({
  type: v.pipe(picklist(['s', 'b', 'i', 'j']), v.description('String, boolean, integer or JSON.')),
  value: flagValue,
  values: optional(list(flagValue)),
});

const EntitlementSchema = strictObject({
  name: text,
  max: optional(integer),
});

const OrganizationSchema = strictObject({
  name: text,
  flags: optional(flagValues),
  entitlements: optional(
    v.pipe(
      record(EntitlementSchema),
      v.description('Feature key and what the plan includes of it.'),
    ),
  ),
  allowRegistrations: optional(boolean),
  isDefault: optional(boolean),
  handle: optional(text),
  properties: optional(properties),
  isSuspended: optional(v.pipe(boolean, v.description('Refuses every sign-in to it.'))),
});

/** Codes of organizations. */
export const OrganizationCodeSchema = v.pipe(
  v.string(),
  v.regex(/^org_[A-Za-z0-9]+$/, 'must be "org_" followed by letters and digits.'),
);

const address = v.pipe(
  v.string('must be an e-mail address.'),
  v.regex(/^[^@\s]+@[^@\s]+$/, 'must be an e-mail address.'),
);

const MembershipSchema = strictObject({
  roles: optional(texts),
  permissions: optional(texts),
});

const PersonSchema = strictObject({
  key: optional(
    v.pipe(text, v.description('Short name, such as ada. In an object of people, its key.')),
  ),
  id: optional(text),
  externalId: optional(v.pipe(text, v.description("The app's own id of the user."))),
  email: address,
  givenName: optional(text),
  familyName: optional(text),
  password: optional(text),
  picture: optional(text),
  phone: optional(text),
  username: optional(text),
  organizations: v.optional(
    v.pipe(
      record(MembershipSchema),
      v.description('Organization code, and roles and permissions there.'),
    ),
    {},
  ),
  flags: optional(flagValues),
  properties: optional(properties),
  isSuspended: optional(v.pipe(boolean, v.description('Refuses sign-in and refresh.'))),
});

const TokensSchema = strictObject({
  accessTokenLifetime: optional(seconds),
  idTokenLifetime: optional(seconds),
  refreshTokenLifetime: optional(seconds),
  sessionLifetime: optional(seconds),
  claims: optional(list(picklist(['roles', 'email', 'org_name', 'organizations']))),
  hasuraMapping: optional(boolean),
  persistent: optional(boolean),
});

const ApplicationSchema = strictObject({
  name: text,
  clientId: optional(
    v.pipe(text, v.description('Without it, credentials that stay the same are made.')),
  ),
  clientSecret: optional(text),
  type: picklist(['reg', 'spa', 'm2m', 'device']),
  redirectUris: v.optional(texts, []),
  logoutUris: v.optional(texts, []),
  callbacks: optional(
    list(
      v.pipe(
        v.string('must be a string.'),
        v.regex(/^\/(?!\/)/, 'must be a path that begins with a slash.'),
        v.description('Path below the address of the app, allowed as a callback URL.'),
      ),
    ),
  ),
  audiences: optional(texts),
  scopes: optional(
    v.pipe(record(texts), v.description('Audience of an API and the scopes allowed of it.')),
  ),
  management: optional(
    v.pipe(
      v.union([v.literal(true), texts], 'must be true or a list of scopes.'),
      v.description('Scopes of the Management API; true for all.'),
    ),
  ),
  tokens: optional(TokensSchema),
});

const ApiSchema = strictObject({
  audience: text,
  name: text,
  scopes: texts,
});

const WebhookSchema = strictObject({
  endpoint: v.pipe(
    v.string('must be a URL.'),
    v.regex(/^https?:\/\/\S+$/, 'must be an http or https URL.'),
  ),
  name: optional(text),
  events: v.pipe(texts, v.description('Types of events, such as user.created.')),
});

const ApiKeySchema = strictObject({
  name: text,
  key: v.pipe(text, v.description('The key as the caller presents it.')),
  audience: v.pipe(text, v.description('Audience of the API that it is for.')),
  scopes: optional(texts),
});

const InvitationSchema = strictObject({
  email: address,
  organization: v.pipe(text, v.description('Code of the organization.')),
  firstName: optional(text),
  lastName: optional(text),
  roles: optional(texts),
});

type PersonOutput = v.InferOutput<typeof PersonSchema>;

/** Users as a list. */
export const PeopleListSchema = list(PersonSchema);

/** Users as an object by a short name. */
export const PeopleRecordSchema = record(PersonSchema);

/** Either form: only the issues of the one that was meant are told. */
export const PeopleSchema = v.lazy(
  (input) =>
    (isObject(input) ? PeopleRecordSchema : PeopleListSchema) as v.GenericSchema<
      unknown,
      PersonOutput[] | Record<string, PersonOutput>
    >,
);

/** Users as a list, each with the short name that it has in an object. */
function peopleOf(people: PersonOutput[] | Record<string, PersonOutput>): PersonOutput[] {
  if (Array.isArray(people)) {
    return people;
  }
  return Object.entries(people).map(([key, person]) => Object.assign(person, { key }));
}

/** The shape of a seed. Relations between its parts are checked by `checkSeed`. */
export const SeedSchema = v.pipe(
  object,
  strictObject({
    $schema: optional(text),
    permissions: v.optional(
      v.pipe(
        record(v.string('must be a string.')),
        v.description('Permission key and description.'),
      ),
      {},
    ),
    roles: v.optional(v.pipe(record(RoleSchema), v.description('Role key and role.')), {}),
    flags: v.optional(v.pipe(record(FlagSchema), v.description('Flag code, type and value.')), {}),
    organizations: v.optional(
      v.pipe(
        object,
        v.record(OrganizationCodeSchema, OrganizationSchema),
        v.description('Organization code and organization.'),
      ),
      {},
    ),
    people: v.pipe(v.optional(PeopleSchema, []), v.transform(peopleOf)),
    applications: optional(list(ApplicationSchema)),
    apis: optional(list(ApiSchema)),
    webhooks: optional(list(WebhookSchema)),
    apiKeys: optional(list(ApiKeySchema)),
    environmentVariables: optional(
      v.pipe(record(v.string('must be a string.')), v.description('Name and value.')),
    ),
    invitations: optional(list(InvitationSchema)),
  }),
);
