import { idPage, notFound, ok, type Handlers } from '../envelope.js';
import { newId } from '../lookup.js';

/** Groups of properties. */
export const propertyCategories: Handlers<'propertyCategories'> = {
  list({ context, ...input }, state) {
    const all = state.propertyCategories.filter(
      (one) => context === undefined || one.context === context,
    );
    const page = idPage(all, input);
    if (page instanceof Response) {
      return page;
    }
    return ok({
      categories: page.items.map(({ id, name }) => ({ id, name })),
      has_more: page.has_more,
    });
  },
  create({ name, context }, state) {
    const category = {
      id: newId(state, 'property_category'),
      name,
      context,
    };
    state.propertyCategories.push(category);
    return ok({ category: { id: category.id } });
  },
  update({ category_id: id, name }, state) {
    const category = state.propertyCategories.find((one) => one.id === id);
    if (!category) {
      return notFound('CATEGORY');
    }
    category.name = name;
    return ok({});
  },
};
