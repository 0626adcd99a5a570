import type { Connection } from '../../state/resources.js';
import type { State } from '../../state/state.js';
import { idPage, missing, notFound, ok, type Handlers } from '../envelope.js';
import { applicationById, connectionResponse, newId, organizationByCode } from '../lookup.js';

/** Social and enterprise connections. They are stored and returned; nobody can sign in by one. */
export const connections: Handlers<'connections'> = {
  list({ home_realm_domain: domain, ...input }, state) {
    const homes = ({ options }: Connection) =>
      options['home_realm_domains'] as readonly string[] | undefined;
    const all = state.connections.filter(
      (one) => domain === undefined || homes(one)?.includes(domain),
    );
    const page = idPage(all, input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ connections: page.items.map(connectionResponse), has_more: page.has_more });
  },
  get({ connection_id: id }, state) {
    const connection = find(state, id);
    if (connection) {
      return ok({ connection: connectionResponse(connection) });
    }
    return missing('CONNECTION');
  },
  create(
    { name, display_name: displayName, strategy, options, organization_code: code, ...input },
    state,
  ) {
    if (code && !organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    const applications = input.enabled_applications ?? [];
    if (!areKnown(state, applications)) {
      return notFound('APPLICATION');
    }
    const connection = {
      id: newId(state, 'conn'),
      name,
      displayName,
      strategy,
      options: { ...options },
      applications,
    };
    state.connections.push({ ...connection, organizations: code ? [code] : [] });
    return ok({ connection: { id: connection.id } });
  },
  update: (input, state) => change(state, input, (old) => ({ ...old, ...input.options })),
  replace: (input, state) => change(state, input, () => ({ ...input.options })),
  remove({ connection_id: id }, state) {
    if (!find(state, id)) {
      return missing('CONNECTION');
    }
    state.connections = state.connections.filter((one) => one.id !== id);
    return ok({});
  },
};

/** Which connections an application offers. */
export const applicationConnections: Handlers<'applications'> = {
  listConnections: ({ application_id: id }, state) => {
    if (applicationById(state, id)) {
      return listed(state, 'applications', id);
    }
    return notFound('APPLICATION');
  },
  enableConnection({ application_id: id, connection_id: own }, state) {
    if (!applicationById(state, id)) {
      return notFound('APPLICATION');
    }
    return enable(find(state, own), 'applications', id);
  },
  disableConnection({ application_id: id, connection_id: own }, state) {
    if (!applicationById(state, id)) {
      return notFound('APPLICATION');
    }
    return disable(find(state, own), 'applications', id);
  },
};

/** Which connections an organization offers. */
export const organizationConnections: Handlers<'organizations'> = {
  listConnections: ({ organization_code: code }, state) => {
    if (organizationByCode(state, code)) {
      return listed(state, 'organizations', code);
    }
    return notFound('ORGANIZATION');
  },
  enableConnection({ organization_code: code, connection_id: own }, state) {
    if (!organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    return enable(find(state, own), 'organizations', code);
  },
  disableConnection({ organization_code: code, connection_id: own }, state) {
    if (!organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    return disable(find(state, own), 'organizations', code);
  },
};

type Where = 'applications' | 'organizations';

function find({ connections: all }: State, id: string): Connection | undefined {
  return all.find((connection) => connection.id === id);
}

function areKnown(state: State, applications: readonly string[]): boolean {
  return applications.every((id) => applicationById(state, id));
}

function change(
  state: State,
  input: {
    connection_id: string;
    name?: string | undefined;
    display_name?: string | undefined;
    enabled_applications?: string[] | undefined;
  },
  optionsOf: (old: Connection['options']) => Connection['options'],
) {
  const connection = find(state, input.connection_id);
  if (!connection) {
    return missing('CONNECTION');
  }
  const { name, display_name: displayName, enabled_applications: applications } = input;
  if (applications && !areKnown(state, applications)) {
    return notFound('APPLICATION');
  }
  const changes = {
    ...(name && { name }),
    ...(displayName && { displayName }),
    ...(applications && { applications }),
  };
  Object.assign(connection, changes, { options: optionsOf(connection.options) });
  return ok({});
}

function listed({ connections: all }: State, where: Where, id: string) {
  const offered = all.filter((connection) => connection[where].includes(id));
  return ok({ connections: offered.map(connectionResponse), has_more: false });
}

function enable(
  connection: Connection | undefined,
  where: Where,
  id: string,
): Response | undefined {
  if (!connection) {
    return missing('CONNECTION');
  }
  connection[where] = [...new Set([...connection[where], id])];
  return undefined;
}

function disable(connection: Connection | undefined, where: Where, id: string) {
  if (!connection?.[where].includes(id)) {
    return missing('CONNECTION');
  }
  connection[where] = connection[where].filter((one) => one !== id);
  return ok({});
}
