import type { Property } from '../../state/resources.js';
import type { State } from '../../state/state.js';
import { idPage, notFound, ok, refused, type Handlers } from '../envelope.js';
import { listed, newId } from '../lookup.js';

/** Definitions of properties. Their values lie at people, organizations and applications. */
export const properties: Handlers<'properties'> = {
  list({ context, ...input }, state) {
    const all = listed(state.properties).filter(
      (one) => context === undefined || one.context === context,
    );
    const page = idPage(all, input);
    if (page instanceof Response) {
      return page;
    }
    return ok({ properties: page.items.map(toResponse), has_more: page.has_more });
  },
  create(
    { key, name, description = '', type, context, is_private: isPrivate, category_id: categoryId },
    state,
  ) {
    if (Object.hasOwn(state.properties, key)) {
      return refused(400, 'PROPERTY_ALREADY_EXISTS', 'A property with this key exists already.');
    }
    if (!isCategory(state, categoryId, context)) {
      return notFound('CATEGORY');
    }
    const id = newId(state, 'prop');
    state.properties[key] = {
      id,
      name,
      description,
      type,
      context,
      isPrivate,
      categoryId,
    };
    return ok({ property: { id } });
  },
  update(
    { property_id: id, name, description, is_private: isPrivate, category_id: categoryId },
    state,
  ) {
    const property = listed(state.properties).find((one) => one.id === id);
    if (!property) {
      return notFound('PROPERTY');
    }
    if (!isCategory(state, categoryId, property.context)) {
      return notFound('CATEGORY');
    }
    const changes = {
      name,
      isPrivate,
      categoryId,
      ...(description !== undefined && { description }),
    };
    Object.assign(state.properties[property.key]!, changes);
    return ok({});
  },
  remove({ property_id: id }, state) {
    const property = listed(state.properties).find((one) => one.id === id);
    if (!property) {
      return notFound('PROPERTY');
    }
    delete state.properties[property.key];
    const owners = [...state.people, ...Object.values(state.organizations), ...state.applications];
    for (const { properties: values } of owners) {
      delete values?.[property.key];
    }
    return ok({});
  },
};

function isCategory(
  { propertyCategories }: State,
  id: string,
  context: Property['context'],
): boolean {
  return propertyCategories.some((category) => category.id === id && category.context === context);
}

function toResponse({ id, key, name, isPrivate, description }: Property & { key: string }) {
  return {
    id,
    key,
    name,
    is_private: isPrivate,
    description,
    is_kinde_property: false,
  };
}
