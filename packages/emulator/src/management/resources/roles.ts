import { emit } from '../../state/events.js';
import type { Role, State } from '../../state/state.js';
import { notFound, ok, refused, tokenPage, type Handlers } from '../envelope.js';
import { everyApi, listed, permissionById, renameKey, roleById } from '../lookup.js';

/** Roles of the tenant, their permissions and scopes, and users who have them. */
export const roles: Handlers<'roles'> = {
  list(input, state) {
    const page = tokenPage(listed(state.roles), input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ roles: page.items.map(toResponse), next_token: page.next_token });
  },
  get({ role_id: id }, state) {
    const found = roleById(state, id);
    if (found) {
      return ok({ role: toResponse({ key: found[0], ...found[1] }) });
    }
    return notFound('ROLE');
  },
  create(
    { key, name, description, is_default_role: isDefault, assignment_permission_id: assigned },
    state,
  ) {
    if (Object.hasOwn(state.roles, key)) {
      return exists();
    }
    if (!isAssignable(state, assigned)) {
      return notFound('PERMISSION');
    }
    const role: Role = {
      id: state.random.uuid(),
      name,
      permissions: [],
      ...described(description, isDefault),
    };
    state.roles[key] = role;
    emit(state, 'role.created', { role: toResponse({ key, ...role }) });
    return ok({ role: { id: role.id } });
  },
  update(input, state) {
    const { role_id: id, key, name, description, is_default_role: isDefault } = input;
    const found = roleById(state, id);
    if (!found) {
      return notFound('ROLE');
    }
    const [oldKey, role] = found;
    if (key !== oldKey && Object.hasOwn(state.roles, key)) {
      return exists();
    }
    if (!isAssignable(state, input.assignment_permission_id)) {
      return notFound('PERMISSION');
    }
    Object.assign(role, { name }, described(description, isDefault));
    if (key !== oldKey) {
      state.roles = renameKey(state.roles, oldKey, key);
      replaceRole(state, (keys) => keys.map((one) => (one === oldKey ? key : one)));
    }
    emit(state, 'role.updated', { role: toResponse({ key, ...role }) });
    return ok({});
  },
  remove({ role_id: id }, state) {
    const [key] = roleById(state, id) ?? [];
    if (key === undefined) {
      return notFound('ROLE');
    }
    delete state.roles[key];
    replaceRole(state, (keys) => keys.filter((one) => one !== key));
    emit(state, 'role.deleted', { role: { id } });
    return ok({});
  },
  listPermissions({ role_id: id, ...input }, state) {
    const [, role] = roleById(state, id) ?? [];
    if (!role) {
      return notFound('ROLE');
    }
    const held = listed(state.permissions).filter(({ key }) => role.permissions.includes(key));
    const page = tokenPage(
      held.map(({ id: own, key, name, description }) => ({
        id: own,
        key,
        name,
        description,
      })),
      input,
    );
    if (page instanceof Response) {
      return page;
    }
    return ok({ permissions: page.items, next_token: page.next_token });
  },
  setPermissions({ role_id: id, permissions }, state) {
    const found = roleById(state, id);
    if (!found) {
      return notFound('ROLE');
    }
    const [roleKey, role] = found;
    const added: string[] = [];
    const removed: string[] = [];
    for (const { id: own, operation } of permissions) {
      const [key] = permissionById(state, own) ?? [];
      const has = key !== undefined && role.permissions.includes(key);
      if (key === undefined || has === (operation === undefined)) {
        continue;
      }
      role.permissions = has
        ? role.permissions.filter((one) => one !== key)
        : [...role.permissions, key];
      (has ? removed : added).push(own);
    }
    if (added.length + removed.length > 0) {
      emit(state, 'role.updated', { role: toResponse({ key: roleKey, ...role }) });
    }
    return ok({ permissions_added: added, permissions_removed: removed });
  },
  removePermission({ role_id: id, permission_id: own }, state) {
    const found = roleById(state, id);
    if (!found) {
      return notFound('ROLE');
    }
    const [roleKey, role] = found;
    const [key] = permissionById(state, own) ?? [];
    if (key === undefined || !role.permissions.includes(key)) {
      return notFound('PERMISSION');
    }
    role.permissions = role.permissions.filter((one) => one !== key);
    emit(state, 'role.updated', { role: toResponse({ key: roleKey, ...role }) });
    return ok({});
  },
  listScopes({ role_id: id }, state) {
    const [, role] = roleById(state, id) ?? [];
    if (!role) {
      return notFound('ROLE');
    }
    return ok({ scopes: scopesOf(state).filter((scope) => role.scopes?.includes(scope.id)) });
  },
  addScope({ role_id: id, scope_id: scope }, state) {
    const [, role] = roleById(state, id) ?? [];
    if (!role) {
      return notFound('ROLE');
    }
    if (!scopesOf(state).some(({ id: own }) => own === scope)) {
      return notFound('SCOPE');
    }
    role.scopes = [...new Set([...(role.scopes ?? []), scope])];
    return { code: 'ROLE_SCOPE_ADDED', message: 'Role scope added' };
  },
  removeScope({ role_id: id, scope_id: scope }, state) {
    const [, role] = roleById(state, id) ?? [];
    if (!role) {
      return notFound('ROLE');
    }
    if (!role.scopes?.includes(scope)) {
      return notFound('SCOPE');
    }
    role.scopes = role.scopes.filter((one) => one !== scope);
    return { code: 'SCOPE_DELETED', message: 'Scope deleted' };
  },
  listUsers({ role_id: id, ...input }, state) {
    const [key] = roleById(state, id) ?? [];
    if (key === undefined) {
      return notFound('ROLE');
    }
    const holders = state.people.flatMap(({ id: own, organizations }) => {
      const codes = Object.entries(organizations).flatMap(([code, held]) =>
        held.roles?.includes(key) ? [code] : [],
      );
      return codes.length > 0 ? [{ id: own, org_codes: codes }] : [];
    });
    const page = tokenPage(holders, input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ users: page.items, next_token: page.next_token });
  },
};

function toResponse({
  id,
  key,
  name,
  description = '',
  isDefault = false,
}: Role & { key: string }) {
  return {
    id,
    key,
    name,
    description,
    is_default_role: isDefault,
  };
}

/** An empty description never clears the old one. */
function described(description: string | undefined, isDefault: boolean | undefined): Partial<Role> {
  return { ...(description && { description }), ...(isDefault !== undefined && { isDefault }) };
}

function isAssignable(state: State, permission: string | null | undefined): boolean {
  return (
    !permission ||
    permission === 'NO_PERMISSION_REQUIRED' ||
    permissionById(state, permission) !== undefined
  );
}

function scopesOf(state: State) {
  return everyApi(state).flatMap(({ id: api_id, scopes }) =>
    scopes.map(({ id, key, description }) => ({
      id,
      key,
      description,
      api_id,
    })),
  );
}

function exists(): Response {
  return refused(400, 'ROLE_ALREADY_EXISTS', 'A role with this key exists already.');
}

/** Members hold roles by their keys. */
function replaceRole({ people }: State, change: (keys: string[]) => string[]): void {
  for (const membership of people.flatMap(({ organizations }) => Object.values(organizations))) {
    if (membership.roles) {
      membership.roles = change(membership.roles);
    }
  }
}
