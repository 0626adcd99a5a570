import type { EnvironmentVariable } from '../../state/resources.js';
import type { State } from '../../state/state.js';
import { notFound, ok, refused, type Handlers } from '../envelope.js';
import { dateOf, newId } from '../lookup.js';

/** Variables that workflows can read. */
export const environmentVariables: Handlers<'environmentVariables'> = {
  list: (_input, state) =>
    ok({ has_more: false, environment_variables: state.environmentVariables.map(toResponse) }),
  get({ variable_id: id }, state) {
    const variable = find(state, id);
    if (variable) {
      return ok({ environment_variable: toResponse(variable) });
    }
    return notFound('ENVIRONMENT_VARIABLE');
  },
  create({ key, value, is_secret: isSecret = false }, state) {
    if (isTaken(state, key)) {
      return exists();
    }
    const variable = {
      id: newId(state, 'env_var'),
      key,
      value,
      isSecret,
      createdAt: state.clock.now(),
    };
    state.environmentVariables.push(variable);
    return {
      code: 'VARIABLE_CREATED',
      message: 'Variable created',
      environment_variable: { id: variable.id },
    };
  },
  update({ variable_id: id, key, value, is_secret: isSecret }, state) {
    const variable = find(state, id);
    if (!variable) {
      return notFound('ENVIRONMENT_VARIABLE');
    }
    if (key !== undefined && key !== variable.key && isTaken(state, key)) {
      return exists();
    }
    const changes = { ...(key && { key }), ...(value !== undefined && { value }) };
    Object.assign(variable, changes, isSecret !== undefined && { isSecret });
    return { code: 'ENVIRONMENT_VARIABLE_UPDATED', message: 'Environment variable updated' };
  },
  remove({ variable_id: id }, state) {
    if (!find(state, id)) {
      return notFound('ENVIRONMENT_VARIABLE');
    }
    state.environmentVariables = state.environmentVariables.filter((one) => one.id !== id);
    return { code: 'ENVIRONMENT_VARIABLE_DELETED', message: 'Environment variable deleted' };
  },
};

function find({ environmentVariables: all }: State, id: string): EnvironmentVariable | undefined {
  return all.find((one) => one.id === id);
}

function isTaken({ environmentVariables: all }: State, key: string): boolean {
  return all.some((one) => one.key === key);
}

function exists(): Response {
  return refused(
    400,
    'ENVIRONMENT_VARIABLE_ALREADY_EXISTS',
    'A variable with this key exists already.',
  );
}

/** A variable as the API returns it: without the value if it is secret. */
function toResponse({ id, key, value, isSecret, createdAt }: EnvironmentVariable) {
  return {
    id,
    key,
    value: isSecret ? null : value,
    is_secret: isSecret,
    created_on: dateOf(createdAt),
  };
}
