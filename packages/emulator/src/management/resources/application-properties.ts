import { notFound, ok, type Handlers } from '../envelope.js';
import { applicationById } from '../lookup.js';
import { propertyValues, writeProperties } from '../property-values.js';

/** What is written down about an application. */
export const applicationProperties: Handlers<'applications'> = {
  listProperties({ application_id: id }, state) {
    const application = applicationById(state, id);
    if (!application) {
      return notFound('APPLICATION');
    }
    return ok({
      properties: propertyValues(state, 'app', application.properties),
      next_token: null,
    });
  },
  setProperty({ application_id: id, property_key: key, value }, state) {
    const owner = applicationById(state, id);
    if (!owner) {
      return notFound('APPLICATION');
    }
    return writeProperties(state, 'app', { owner, values: { [key]: value } }) ?? ok({});
  },
};
