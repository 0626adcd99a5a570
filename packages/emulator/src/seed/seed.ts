/** What a feature flag can hold. */
export type FlagValue = string | boolean | number | object;

/** A person who can sign in, and what they are in each organization. */
export interface SeedPerson {
  /** @default made from the e-mail address, the same every time */
  id?: string;
  email: string;
  givenName?: string;
  familyName?: string;
  /** Asked for by the form when given; the cards never ask. */
  password?: string;
  picture?: string;
  phone?: string;
  username?: string;
  organizations: Record<string, { roles?: string[]; permissions?: string[] }>;
  flags?: Record<string, FlagValue>;
  /** Property key and value. */
  properties?: Record<string, string>;
  /** Can neither sign in nor stay signed in. */
  isSuspended?: boolean;
}

/** An application as registered at Kinde. */
export interface SeedApplication {
  name: string;
  clientId: string;
  /** Absent for public clients. */
  clientSecret?: string;
  type: 'reg' | 'spa' | 'm2m' | 'device';
  redirectUris: string[];
  logoutUris: string[];
  /** APIs it may ask tokens for. */
  audiences?: string[];
  /** Scopes it may have of an API, by audience. @default all of that API */
  scopes?: Record<string, string[]>;
  /** What it may do at the Management API: these scopes, or everything. @default nothing */
  management?: true | string[];
  tokens?: TokenSettings;
}

/** What an application's tokens are like; lifetimes in seconds, with Kinde's defaults. */
export interface TokenSettings {
  accessTokenLifetime?: number;
  idTokenLifetime?: number;
  refreshTokenLifetime?: number;
  /** How long a sign-in answers for the next one without a question. @default for good */
  sessionLifetime?: number;
  /** Optional claims to include. */
  claims?: ('roles' | 'email' | 'org_name' | 'organizations')[];
  hasuraMapping?: boolean;
  /** `false` says in `ksp` that sessions end with the browser. */
  persistent?: boolean;
}

/** An organization, and what differs from the rest of the tenant there. */
export interface SeedOrganization {
  name: string;
  flags?: Record<string, FlagValue>;
  /** What its plan includes, by feature key; `max` is the limit, absent for none. Only the Account API tells these. */
  entitlements?: Record<string, { name: string; max?: number }>;
  allowRegistrations?: boolean;
  isDefault?: boolean;
  /** A name for addresses, which no other organization has. */
  handle?: string;
  /** Property key and value. */
  properties?: Record<string, string>;
  /** Nobody can sign in to it. */
  isSuspended?: boolean;
}

/** A whole tenant as one object. */
export interface Seed {
  /** Where editors find the schema of this object, in a JSON file. */
  $schema?: string;
  /** Key → description. */
  permissions: Record<string, string>;
  /** `isDefault`: given to people who register. */
  roles: Record<
    string,
    {
      name: string;
      permissions: string[];
      isDefault?: boolean;
    }
  >;
  flags: Record<
    string,
    {
      type: 's' | 'b' | 'i' | 'j';
      value: FlagValue;
      values?: FlagValue[];
    }
  >;
  organizations: Record<string, SeedOrganization>;
  people: SeedPerson[];
  applications?: SeedApplication[];
  apis?: {
    audience: string;
    name: string;
    scopes: string[];
  }[];
}

/** A seed that nobody may change, such as a `defineKinde` object. Organizations and people may be left out. */
export type ReadonlySeed = Frozen<Omit<Seed, 'organizations' | 'people'> & Partial<Seed>>;

type Frozen<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
  : Value;

/** A todo product with two organizations and three people, who are not the same in both. */
export const defaultSeed: Seed = {
  permissions: {
    'create:todos': 'Add todos',
    'read:todos': 'See todos',
    'update:todos': 'Tick todos off',
    'delete:todos': 'Remove todos',
    'read:members': 'See who is in the organization',
    'update:members': 'Change what people in the organization may do',
  },
  roles: {
    admin: {
      name: 'Administrator',
      permissions: [
        'create:todos',
        'read:todos',
        'update:todos',
        'delete:todos',
        'read:members',
        'update:members',
      ],
    },
    member: {
      name: 'Member',
      permissions: ['create:todos', 'read:todos', 'update:todos'],
      isDefault: true,
    },
    viewer: { name: 'Viewer', permissions: ['read:todos'] },
  },
  flags: {
    theme: { type: 's', value: 'ocean' },
    todo_limit: { type: 'i', value: 5 },
    beta_ui: { type: 'b', value: false },
    limits: { type: 'j', value: { exportsPerDay: 3 } },
  },
  organizations: {
    org_acme0rockets: {
      name: 'Acme Rockets',
      flags: { todo_limit: 8, beta_ui: true },
      entitlements: {
        exports: { name: 'Exports', max: 100 },
        support: { name: 'Priority support' },
      },
      allowRegistrations: true,
      isDefault: true,
    },
    org_globex0gardens: { name: 'Globex Gardens', flags: { theme: 'forest', todo_limit: 3 } },
  },
  people: [
    {
      email: 'ada@example.com',
      givenName: 'Ada',
      familyName: 'Lovelace',
      organizations: {
        org_acme0rockets: { roles: ['admin'] },
        org_globex0gardens: { roles: ['viewer'] },
      },
    },
    {
      email: 'grace@example.com',
      givenName: 'Grace',
      familyName: 'Hopper',
      organizations: { org_acme0rockets: { roles: ['member'] } },
    },
    {
      email: 'alan@example.com',
      givenName: 'Alan',
      familyName: 'Turing',
      organizations: { org_globex0gardens: { roles: ['viewer'] } },
    },
  ],
  apis: [
    {
      audience: 'https://api.todos.example',
      name: 'Todos API',
      scopes: ['read:reports', 'write:reports'],
    },
  ],
};
