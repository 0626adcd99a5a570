import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Api, ApiKey } from '../../state/resources.js';
import type { State } from '../../state/state.js';
import { findPerson } from '../../state/sign-ins.js';
import {
  idPage,
  missing,
  notFound,
  ok,
  refused,
  requiredField,
  type Handlers,
} from '../envelope.js';
import { dateOf, everyApi, newId, organizationByCode } from '../lookup.js';

/** API keys for the tenant's own APIs. A key is returned once and stored as a hash. */
export const apiKeys: Handlers<'apiKeys'> = {
  list({ key_type: type, status, user_id: userId, org_code: orgCode, ...input }, state) {
    const wanted = {
      type,
      status,
      userId,
      orgCode,
    };
    const fits = (key: ApiKey) =>
      Object.entries(wanted).every(
        ([name, value]) => value === undefined || key[name as keyof ApiKey] === value,
      );
    const page = idPage(state.apiKeys.filter(fits).toReversed(), {
      page_size: PAGE_SIZE,
      ...input,
    });
    if (page instanceof Response) {
      return page;
    }
    return ok({ has_more: page.has_more, api_keys: page.items.map(toResponse) });
  },
  get({ key_id: id }, state) {
    const key = find(state, id);
    if (!key) {
      return missing('API_KEY');
    }
    const details = {
      verification_count: key.verifications,
      organization_id: key.orgCode,
      user_id: key.userId,
    };
    return ok({ api_key: { ...toResponse(key), ...details } });
  },
  create(
    { name, type, api_id: apiId, scope_ids: scopeIds, user_id: userId, org_code: orgCode },
    state,
  ) {
    const api = everyApi(state).find(({ id }) => id === apiId);
    if (!api) {
      return notFound('API');
    }
    const scopes = keysOf(api, scopeIds ?? []);
    if (!scopes) {
      return notFound('SCOPE');
    }
    const owner = { userId: userId ?? null, orgCode: orgCode ?? null };
    const problem = ownerProblem(state, type, owner);
    if (problem) {
      return problem;
    }
    const { key, ...kept } = newKey();
    const id = newId(state, 'api_key');
    state.apiKeys.push({
      id,
      name,
      type,
      status: 'active',
      apiId,
      scopes,
      ...owner,
      ...kept,
      createdAt: state.clock.now(),
      verifications: 0,
    });
    return {
      code: 'API_KEY_CREATED',
      message: 'API key created',
      api_key: { id, key },
    };
  },
  rotate({ key_id: id }, state) {
    const found = find(state, id);
    if (!found) {
      return missing('API_KEY');
    }
    if (found.status !== 'active') {
      return refused(400, 'KEY_REVOKED', 'This key was revoked.');
    }
    const { key, ...kept } = newKey();
    Object.assign(found, kept);
    return {
      code: 'API_KEY_ROTATED',
      message: 'API key rotated',
      api_key: { id, key },
    };
  },
  remove({ key_id: id }, state) {
    const key = find(state, id);
    if (!key) {
      return missing('API_KEY');
    }
    key.status = 'revoked';
    return ok({});
  },
  verify({ api_key: presented }, state) {
    const hash = Buffer.from(hashOf(presented), 'hex');
    const key = state.apiKeys.find((one) => timingSafeEqual(hash, Buffer.from(one.hash, 'hex')));
    if (!key || !hasOwner(state, key)) {
      return refused(401, 'INVALID_KEY', 'The API key is not valid.');
    }
    if (key.status !== 'active') {
      return refused(401, 'KEY_REVOKED', 'The API key was revoked.');
    }
    key.verifications += 1;
    key.verifiedAt = state.clock.now();
    return {
      code: 'API_KEY_VERIFIED',
      message: 'API key verified',
      is_valid: true,
      key_id: key.id,
      status: key.status,
      scopes: key.scopes,
      org_code: key.orgCode,
      user_id: key.userId,
      last_verified_on: dateOf(key.verifiedAt),
      verification_count: key.verifications,
    };
  },
};

const PREFIX = 'k_live_';
const PAGE_SIZE = 50;

function newKey(): {
  key: string;
  hash: string;
  suffix: string;
} {
  const key = PREFIX + randomBytes(24).toString('hex');
  return {
    key,
    hash: hashOf(key),
    suffix: key.slice(-4),
  };
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function find({ apiKeys: all }: State, id: string): ApiKey | undefined {
  return all.find((key) => key.id === id);
}

/** Keys of an API's scopes by their ids; nothing where one is not of the API. */
function keysOf(api: Api, ids: readonly string[]): string[] | undefined {
  const found = api.scopes.filter(({ id }) => ids.includes(id));
  if (!ids.every((id) => found.some((scope) => scope.id === id))) {
    return undefined;
  }
  return ids.flatMap((own) => found.filter(({ id }) => id === own).map(({ key }) => key));
}

/** A key of a user or an organization needs that one; whoever is named must exist. */
function ownerProblem(
  state: State,
  type: ApiKey['type'],
  { userId, orgCode }: Pick<ApiKey, 'userId' | 'orgCode'>,
): Response | undefined {
  if (type === 'user' && !userId) {
    return requiredField('user_id');
  }
  if (type === 'organization' && !orgCode) {
    return requiredField('org_code');
  }
  if (userId && !findPerson(state, userId)) {
    return notFound('USER');
  }
  if (orgCode && !organizationByCode(state, orgCode)) {
    return notFound('ORGANIZATION');
  }
  return undefined;
}

/** A key works as long as the user and the organization it was made for. */
function hasOwner(state: State, { userId, orgCode }: ApiKey): boolean {
  const person = userId === null ? undefined : findPerson(state, userId);
  const hasPerson = userId === null || (person !== undefined && !person.isSuspended);
  return hasPerson && (orgCode === null || organizationByCode(state, orgCode) !== undefined);
}

function toResponse({
  id,
  name,
  type,
  status,
  suffix,
  createdAt,
  verifiedAt,
  apiId,
  scopes,
}: ApiKey) {
  return {
    id,
    name,
    type,
    status,
    key_prefix: PREFIX,
    key_suffix: suffix,
    created_on: dateOf(createdAt),
    last_verified_on: verifiedAt === undefined ? null : dateOf(verifiedAt),
    last_verified_ip: null,
    created_by: null,
    api_ids: [apiId],
    scopes,
  };
}
