import type { Facts } from './facts.js';

/** An SDK that signs in at Kinde, and how it is told where. */
export interface Sdk {
  /** Name for commands and addresses. */
  readonly name: string;
  /** Name for people. */
  readonly title: string;
  /** Packages whose presence in a project's manifest means that the project uses it. */
  readonly packages: readonly string[];
  /** Path that it usually handles callbacks at, if it has one. */
  readonly callback?: string;
  /** Whether values are environment variables, or arguments of its constructor by name. */
  readonly as: 'variables' | 'arguments';
  /** Version that was tried here; without one, the row was written from its documentation. */
  readonly tried?: string;
  /** What else to know, in a sentence. */
  readonly note?: string;
  /** Values by name. */
  values(facts: Facts): Readonly<Record<string, string>>;
}

const PUBLIC =
  'A browser SDK needs a public client: an application of type spa in the seed, without a secret.';

/** SDKs, the one of this project first. Their names are those of their documentation. */
export const SDKS: readonly Sdk[] = [
  {
    name: 'kindling',
    title: 'Kindling',
    packages: ['@kindling/core', '@kindling/express', '@kindling/fastify', '@kindling/management'],
    callback: '/callback',
    as: 'variables',
    tried: 'this release',
    values: (facts) => ({
      KINDE_CLIENT_ID: facts.clientId,
      KINDE_CLIENT_SECRET: facts.clientSecret,
      KINDE_SITE_URL: facts.siteUrl,
      KINDE_REDIRECT_URI: facts.redirectUri,
      KINDE_POST_LOGOUT_REDIRECT_URL: facts.logoutUri,
      KINDE_AUDIENCE: facts.audience,
      KINDE_ISSUER_URL: facts.issuer,
      KINDE_SESSION_SECRET: facts.sessionSecret,
      ...(facts.machine && {
        KINDE_MANAGEMENT_CLIENT_ID: facts.machine.clientId,
        KINDE_MANAGEMENT_CLIENT_SECRET: facts.machine.clientSecret,
      }),
    }),
  },
  {
    name: 'next',
    title: 'Next.js',
    packages: ['@kinde-oss/kinde-auth-nextjs'],
    callback: '/api/auth/kinde_callback',
    as: 'variables',
    values: (facts) => ({
      KINDE_ISSUER_URL: facts.issuer,
      KINDE_CLIENT_ID: facts.clientId,
      KINDE_CLIENT_SECRET: facts.clientSecret,
      KINDE_SITE_URL: facts.siteUrl,
      KINDE_POST_LOGIN_REDIRECT_URL: facts.siteUrl,
      KINDE_POST_LOGOUT_REDIRECT_URL: facts.logoutUri,
    }),
  },
  {
    name: 'express',
    title: 'Express',
    packages: ['@kinde-oss/kinde-node-express'],
    as: 'arguments',
    note: 'Arguments of setupKinde; its session also wants SESSION_SECRET.',
    values: (facts) => ({
      issuerBaseUrl: facts.issuer,
      clientId: facts.clientId,
      secret: facts.clientSecret,
      siteUrl: facts.siteUrl,
      redirectUrl: facts.redirectUri,
      unAuthorisedUrl: facts.siteUrl,
      postLogoutRedirectUrl: facts.logoutUri,
    }),
  },
  {
    name: 'typescript',
    title: 'TypeScript',
    packages: ['@kinde-oss/kinde-typescript-sdk'],
    as: 'arguments',
    values: (facts) => ({
      authDomain: facts.issuer,
      clientId: facts.clientId,
      clientSecret: facts.clientSecret,
      redirectURL: facts.redirectUri,
      logoutRedirectURL: facts.logoutUri,
    }),
  },
  {
    name: 'react',
    title: 'React, Vue and other single-page apps',
    packages: [
      '@kinde-oss/kinde-auth-react',
      '@kinde-oss/kinde-auth-vue',
      '@kinde-oss/kinde-auth-pkce-js',
    ],
    callback: '/',
    as: 'variables',
    note: PUBLIC,
    values: (facts) => ({
      VITE_KINDE_DOMAIN: facts.issuer,
      VITE_KINDE_CLIENT_ID: facts.browserClientId,
      VITE_KINDE_REDIRECT_URL: facts.browserRedirectUri,
      VITE_KINDE_LOGOUT_URL: facts.logoutUri,
    }),
  },
  {
    name: 'nuxt',
    title: 'Nuxt',
    packages: ['@nuxtjs/kinde'],
    as: 'variables',
    values: (facts) => ({
      NUXT_KINDE_AUTH_DOMAIN: facts.issuer,
      NUXT_KINDE_CLIENT_ID: facts.clientId,
      NUXT_KINDE_CLIENT_SECRET: facts.clientSecret,
      NUXT_KINDE_REDIRECT_URL: facts.redirectUri,
      NUXT_KINDE_LOGOUT_REDIRECT_URL: facts.logoutUri,
      NUXT_KINDE_POST_LOGIN_REDIRECT_URL: facts.siteUrl,
      NUXT_KINDE_PASSWORD: facts.sessionSecret,
    }),
  },
  {
    name: 'sveltekit',
    title: 'SvelteKit',
    packages: ['@kinde-oss/kinde-auth-sveltekit'],
    callback: '/api/auth/kinde_callback',
    as: 'variables',
    values: (facts) => ({
      ...serverValues(facts),
      KINDE_POST_LOGIN_REDIRECT_URL: facts.siteUrl,
      KINDE_POST_LOGOUT_REDIRECT_URL: facts.logoutUri,
      KINDE_AUTH_WITH_PKCE: 'true',
    }),
  },
  {
    name: 'remix',
    title: 'Remix',
    packages: ['@kinde-oss/kinde-remix-sdk'],
    callback: '/kinde-auth/callback',
    as: 'variables',
    values: (facts) => ({
      ...serverValues(facts),
      KINDE_SITE_URL: facts.siteUrl,
      KINDE_POST_LOGOUT_REDIRECT_URL: facts.logoutUri,
      SESSION_SECRET: facts.sessionSecret,
    }),
  },
  {
    name: 'python',
    title: 'Python',
    packages: ['kinde-python-sdk', 'kinde_sdk'],
    callback: '/callback',
    as: 'variables',
    note: 'Its client of the Management API speaks https only: start with --https.',
    values: (facts) => ({
      KINDE_HOST: facts.issuer,
      KINDE_CLIENT_ID: facts.clientId,
      KINDE_CLIENT_SECRET: facts.clientSecret,
      KINDE_REDIRECT_URI: facts.redirectUri,
      SECRET_KEY: facts.sessionSecret,
    }),
  },
  {
    name: 'php',
    title: 'PHP',
    packages: ['kinde-oss/kinde-auth-php'],
    as: 'variables',
    values: (facts) => ({
      KINDE_DOMAIN: facts.issuer,
      KINDE_CLIENT_ID: facts.clientId,
      KINDE_CLIENT_SECRET: facts.clientSecret,
      KINDE_REDIRECT_URI: facts.redirectUri,
      KINDE_LOGOUT_REDIRECT_URI: facts.logoutUri,
      KINDE_GRANT_TYPE: 'authorization_code',
      KINDE_PROTOCOL: facts.protocol,
    }),
  },
  {
    name: 'java',
    title: 'Java',
    packages: ['com.kinde'],
    as: 'variables',
    values: (facts) => ({
      KINDE_DOMAIN: facts.issuer,
      KINDE_CLIENT_ID: facts.clientId,
      KINDE_CLIENT_SECRET: facts.clientSecret,
      KINDE_REDIRECT_URI: facts.redirectUri,
      KINDE_PROTOCOL: facts.protocol,
    }),
  },
  {
    name: 'management',
    title: 'Management API in JavaScript',
    packages: ['@kinde/management-api-js'],
    as: 'variables',
    note: 'It takes https for an address without a scheme: give it the address in full, or start with --https.',
    values: (facts) => ({
      KINDE_DOMAIN: facts.issuer,
      KINDE_MANAGEMENT_CLIENT_ID: facts.machine?.clientId ?? '',
      KINDE_MANAGEMENT_CLIENT_SECRET: facts.machine?.clientSecret ?? '',
    }),
  },
  ...(
    [
      ['go', 'Go', 'github.com/kinde-oss/kinde-go'],
      ['ruby', 'Ruby', 'kinde_sdk'],
      ['dotnet', '.NET', 'Kinde.SDK'],
      ['elixir', 'Elixir', 'kinde_sdk'],
    ] as const
  ).map(([name, title, sdkPackage]): Sdk => ({
    name,
    title,
    packages: [sdkPackage],
    as: 'arguments',
    note: 'Plain values for its constructor, whose names may differ.',
    values: (facts) => ({
      domain: facts.issuer,
      client_id: facts.clientId,
      client_secret: facts.clientSecret,
      redirect_uri: facts.redirectUri,
      logout_redirect_uri: facts.logoutUri,
    }),
  })),
];

function serverValues(facts: Facts): Record<string, string> {
  return {
    KINDE_ISSUER_URL: facts.issuer,
    KINDE_CLIENT_ID: facts.clientId,
    KINDE_CLIENT_SECRET: facts.clientSecret,
    KINDE_REDIRECT_URL: facts.redirectUri,
  };
}
