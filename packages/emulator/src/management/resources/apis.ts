import { scopesFor } from '../../oauth/scopes.js';
import type { Api, Application, State } from '../../state/state.js';
import { notFound, ok, refused, type Handlers } from '../envelope.js';
import { applicationById, everyApi, newId } from '../lookup.js';

/** APIs that tokens can be asked for, their scopes, and which applications may have those. */
export const apis: Handlers<'apis'> = {
  list({ expand }, state) {
    const all = everyApi(state).map((api) => ({
      ...toResponse(api, state),
      ...(expand && { scopes: api.scopes.map(({ id, key }) => ({ id, key })) }),
    }));
    return ok({ next_token: null, apis: all });
  },
  get({ api_id: id }, state) {
    const api = find(state, id);
    if (!api) {
      return notFound('API');
    }
    const applications = state.applications.map((application) => ({
      id: application.clientId,
      name: application.name,
      type: LABELS[application.type],
      is_active: scopesFor(state, application, api.audience) !== undefined,
    }));
    return ok({
      api: {
        ...toResponse(api, state),
        scopes: api.scopes.map(({ id: own, key }) => ({ id: own, key })),
        applications,
      },
    });
  },
  create({ name, audience }, state) {
    if (everyApi(state).some((api) => api.audience === audience)) {
      return refused(400, 'API_ALREADY_EXISTS', 'An API with this audience exists already.');
    }
    const api = {
      id: state.random.uuid().replaceAll('-', ''),
      name,
      audience,
      scopes: [],
    };
    state.apis.push(api);
    return ok({ api: { id: api.id } });
  },
  remove({ api_id: id }, state) {
    const api = state.apis.find((one) => one.id === id);
    if (!api) {
      if (find(state, id)) {
        return refused(400, 'API_NOT_REMOVABLE', 'This API cannot be removed.');
      }
      return notFound('API');
    }
    state.apis = state.apis.filter((one) => one !== api);
    for (const application of state.applications) {
      disconnect(application, api.audience);
    }
    for (const key of state.apiKeys) {
      if (key.apiId === id) {
        key.status = 'revoked';
      }
    }
    return { code: 'API_DELETED', message: 'API deleted' };
  },
  setApplications({ api_id: id, applications }, state) {
    const api = find(state, id);
    if (!api) {
      return notFound('API');
    }
    const connected: string[] = [];
    const disconnected: string[] = [];
    for (const { id: own, operation } of applications) {
      const application = applicationById(state, own);
      if (!application) {
        continue;
      }
      const has = scopesFor(state, application, api.audience) !== undefined;
      if (operation === 'delete' && has) {
        if (isManagement(api, state)) {
          delete application.management;
        } else {
          disconnect(application, api.audience);
        }
        disconnected.push(own);
      } else if (operation === undefined && !has) {
        grant(state, {
          application,
          api,
          keys: [],
        });
        connected.push(own);
      }
    }
    const lists = { applications_disconnected: disconnected, applications_connected: connected };
    return {
      code: 'API_APPLICATIONS_UPDATED',
      message: 'API applications updated',
      ...lists,
    };
  },
  listScopes({ api_id: id }, state) {
    const api = find(state, id);
    if (api) {
      return ok({ scopes: api.scopes.map((scope) => ({ ...scope })) });
    }
    return notFound('API');
  },
  createScope({ api_id: id, key, description = '' }, state) {
    const api = state.apis.find((one) => one.id === id);
    if (!api) {
      return notFound('API');
    }
    if (api.scopes.some((scope) => scope.key === key)) {
      return refused(400, 'SCOPE_ALREADY_EXISTS', 'A scope with this key exists already.');
    }
    const scope = {
      id: newId(state, 'api_scope'),
      key,
      description,
    };
    api.scopes.push(scope);
    return ok({ scope: { id: scope.id } });
  },
  getScope({ api_id: id, scope_id: own }, state) {
    const scope = find(state, id)?.scopes.find((one) => one.id === own);
    return scope ? ok({ scope: { ...scope } }) : notFound('SCOPE');
  },
  updateScope({ api_id: id, scope_id: own, description }, state) {
    const scope = state.apis.find((one) => one.id === id)?.scopes.find((one) => one.id === own);
    if (!scope) {
      return notFound('SCOPE');
    }
    if (description !== undefined) {
      scope.description = description;
    }
    return undefined;
  },
  removeScope({ api_id: id, scope_id: own }, state) {
    const api = state.apis.find((one) => one.id === id);
    const scope = api?.scopes.find((one) => one.id === own);
    if (!api || !scope) {
      return notFound('SCOPE');
    }
    api.scopes = api.scopes.filter((one) => one !== scope);
    for (const application of state.applications) {
      const held = application.scopes?.[api.audience];
      if (held) {
        application.scopes = {
          ...application.scopes,
          [api.audience]: held.filter((key) => key !== scope.key),
        };
      }
    }
    for (const key of state.apiKeys) {
      if (key.apiId === id) {
        key.scopes = key.scopes.filter((one) => one !== scope.key);
      }
    }
    for (const role of Object.values(state.roles)) {
      role.scopes = role.scopes?.filter((one) => one !== own) ?? [];
    }
    return undefined;
  },
  grantApplicationScope: (input, state) =>
    setScope(state, input, (keys, key) => [...new Set([...keys, key])]),
  revokeApplicationScope: (input, state) =>
    setScope(state, input, (keys, key) => keys.filter((one) => one !== key)),
};

/** The API's names for the types of applications. */
const LABELS = {
  m2m: 'Machine to machine (M2M)',
  reg: 'Back-end web',
  spa: 'Front-end and mobile',
  device: 'Device and IoT',
} as const;

function find(state: State, id: string): Api | undefined {
  return everyApi(state).find((api) => api.id === id);
}

function isManagement({ audience }: Api, { issuer }: State): boolean {
  return audience === `${issuer}/api`;
}

function toResponse(api: Api, state: State) {
  return {
    id: api.id,
    name: api.name,
    audience: api.audience,
    is_management_api: isManagement(api, state),
  };
}

/** The application may ask for tokens of the API, with exactly these scopes. */
function grant(
  state: State,
  {
    application,
    api,
    keys,
  }: {
    application: Application;
    api: Api;
    keys: string[];
  },
): void {
  if (isManagement(api, state)) {
    application.management = keys;
    return;
  }
  application.audiences = [...new Set([...(application.audiences ?? []), api.audience])];
  application.scopes = { ...application.scopes, [api.audience]: keys };
}

function disconnect(application: Application, audience: string): void {
  application.audiences = (application.audiences ?? []).filter((one) => one !== audience);
  delete application.scopes?.[audience];
}

function setScope(
  state: State,
  {
    api_id: id,
    application_id: client,
    scope_id: own,
  }: {
    api_id: string;
    application_id: string;
    scope_id: string;
  },
  change: (keys: readonly string[], key: string) => string[],
): Response | undefined {
  const api = find(state, id);
  const application = applicationById(state, client);
  const scope = api?.scopes.find((one) => one.id === own);
  if (!api || !scope) {
    return notFound(api ? 'SCOPE' : 'API');
  }
  const held = application && scopesFor(state, application, api.audience);
  if (!application || !held) {
    return notFound('APPLICATION');
  }
  grant(state, {
    application,
    api,
    keys: change(held, scope.key),
  });
  return undefined;
}
