import { emit } from '../../state/events.js';
import type { Permission, State } from '../../state/state.js';
import { notFound, ok, refused, tokenPage, type Handlers } from '../envelope.js';
import { listed, permissionById, renameKey } from '../lookup.js';

/** Permissions of the tenant. */
export const permissions: Handlers<'permissions'> = {
  list(input, state) {
    const page = tokenPage(listed(state.permissions), input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ permissions: page.items.map(toResponse), next_token: page.next_token });
  },
  create({ key, name, description = '' }, state) {
    if (Object.hasOwn(state.permissions, key)) {
      return exists();
    }
    const permission = {
      id: state.random.uuid(),
      name,
      description,
    };
    state.permissions[key] = permission;
    emit(state, 'permission.created', { permission: toResponse({ key, ...permission }) });
    return ok({ permission: { id: permission.id } });
  },
  update({ permission_id: id, key: newKey, name, description }, state) {
    const found = permissionById(state, id);
    if (!found) {
      return notFound('PERMISSION');
    }
    const [oldKey, permission] = found;
    const key = newKey ?? oldKey;
    if (key !== oldKey && Object.hasOwn(state.permissions, key)) {
      return exists();
    }
    Object.assign(
      permission,
      name !== undefined && { name },
      description !== undefined && { description },
    );
    if (key !== oldKey) {
      state.permissions = renameKey(state.permissions, oldKey, key);
      replacePermission(state, (keys) => keys.map((one) => (one === oldKey ? key : one)));
    }
    emit(state, 'permission.updated', { permission: toResponse({ key, ...permission }) });
    return ok({});
  },
  remove({ permission_id: id }, state) {
    const found = permissionById(state, id);
    if (!found) {
      return notFound('PERMISSION');
    }
    const [key] = found;
    delete state.permissions[key];
    replacePermission(state, (keys) => keys.filter((one) => one !== key));
    emit(state, 'permission.deleted', { permission: { id } });
    return ok({});
  },
};

function toResponse({ id, key, name, description }: Permission & { key: string }) {
  return {
    id,
    key,
    name,
    description,
  };
}

function exists(): Response {
  return refused(400, 'PERMISSION_ALREADY_EXISTS', 'A permission with this key exists already.');
}

/** Roles and members hold permissions by their keys. */
function replacePermission({ roles, people }: State, change: (keys: string[]) => string[]): void {
  for (const role of Object.values(roles)) {
    role.permissions = change(role.permissions);
  }
  for (const membership of people.flatMap(({ organizations }) => Object.values(organizations))) {
    if (membership.permissions) {
      membership.permissions = change(membership.permissions);
    }
  }
}
