import { nearest } from '@kindling/internal';
import {
  DOCS,
  errorPage,
  isRefused,
  isWell,
  listed,
  seconds,
  type Given,
  type Row,
} from './row.js';

/** Applications that ask for tokens of their own. */
export const machineRows: readonly Row[] = [
  {
    ...wrong('machine.public'),
    test: ({ step }) => step.answered.error === 'unauthorized_client',
    says: ({ facts }) =>
      `${facts.application?.name} has no secret, so it gets no token of its own.`,
    fix: 'Use a machine-to-machine application.',
  },
  {
    ...wrong('machine.audience-of-another-domain', 'audience'),
    test: (given) => isTried(given) && foreignDomain(given) !== undefined,
    says: (given) =>
      `The audience ${foreignDomain(given)} is the Management API of another domain; here it is ${given.facts.managementAudience}.`,
    fix: ({ facts }) =>
      `Build the audience from the issuer: ${facts.managementAudience}. A custom domain has none; at Kinde it is always that of kinde.com.`,
  },
  {
    ...wrong('machine.audience', 'audience'),
    test: (given) =>
      isTried(given) &&
      foreignDomain(given) === undefined &&
      given.step.answered.error === 'invalid_request' &&
      (given.facts.audience ?? []).length > 0,
    says: ({ facts }) => {
      const allowed = [...(facts.application?.audiences ?? []), facts.managementAudience ?? ''];
      const asked =
        (facts.audience ?? []).find((one) => !facts.application?.audiences.includes(one)) ?? '';
      const guess = nearest(asked, allowed);
      const end = guess === undefined || guess === asked ? '' : ` Did you mean ${guess}?`;
      return `${facts.application?.name} is not authorized for the audience ${asked}.${end}`;
    },
    fix: 'Authorize the application for that API, or correct the audience: slashes at the end count.',
  },
  {
    ...wrong('machine.scope', 'scope'),
    test: ({ step }) => step.answered.error === 'invalid_scope',
    says: (given) =>
      `These scopes are not granted to ${given.facts.application?.name}: ${listed(notGranted(given))}.${nearScope(given)}`,
    fix: 'Grant them to the application for that API, or ask for fewer.',
  },
  {
    ...wrong('machine.no-audience'),
    level: 'remark',
    test: (given) => isWell(given) && (given.facts.audience ?? []).length === 0,
    says: 'The request names no audience, so no API can tell that the token is for it.',
    fix: 'Send the audience of the API.',
  },
  {
    ...wrong('machine.each-call'),
    level: 'remark',
    test: (given) =>
      isWell(given) && (given.facts.machineCount ?? 0) > 0 && (given.facts.machineLeft ?? 0) > 60,
    says: ({ facts }) =>
      `The token before would have lived ${seconds(facts.machineLeft ?? 0)} still; this is number ${(facts.machineCount ?? 0) + 1} in a minute. Kinde meters machine tokens.`,
    fix: 'Keep a token until shortly before it expires.',
  },
];

function wrong(
  id: string,
  parameter?: string,
): Pick<Row, 'id' | 'step' | 'level' | 'docs' | 'parameter'> {
  const docs = id === 'machine.public' ? errorPage('client_rejected') : DOCS.machines;
  return { id, step: 'machine', level: 'wrong', docs, ...(parameter && { parameter }) };
}

function isTried(given: Given): boolean {
  const { facts, step } = given;
  return isRefused(given) && facts.sentAs === 'form' && step.answered.error !== 'invalid_client';
}

/** An audience that is the Management API of another domain. */
function foreignDomain({ facts }: Given): string | undefined {
  const { audience = [], managementAudience, application } = facts;
  return audience.find(
    (one) =>
      one !== managementAudience &&
      !application?.audiences.includes(one) &&
      /^(?:https?:\/\/)?[^/]+\/api\/?$/.test(one),
  );
}

function notGranted({ facts, value }: Given): string[] {
  const asked = value('scope').split(' ').filter(Boolean);
  return asked.filter((one) => !facts.granted?.includes(one));
}

function nearScope(given: Given): string {
  const guess = nearest(notGranted(given)[0] ?? '', given.facts.granted ?? []);
  return guess === undefined ? '' : ` Did you mean ${guess}?`;
}
