import type { Flow } from '../flows/flow.js';
import { protection } from './layout.js';
import { signInText } from './sign-in-text.js';
import { signInContent } from './sign-in.js';
import {
  flowNamed,
  SIGN_INS_PATH,
  signInsContent,
  titleOfFlow,
  unknownSignInContent,
} from './sign-ins.js';
import type { View } from './layout.js';
import type { Page, Visit } from './visit.js';

/** The list of sign-ins. */
export const signInsPage: Page = {
  path: SIGN_INS_PATH,
  show: async (visit) => ({
    title: 'Sign-ins',
    current: 'sign-ins',
    content: signInsContent(visit, visit.url.searchParams),
  }),
};

/** The sign-in that an address of the app names, for links from its pages. */
export const namedSignInPage: Page = {
  path: `${SIGN_INS_PATH}/of/:hash`,
  async show(visit) {
    const flow = flowNamed(visit, visit.params['hash'] ?? '', visit.url.searchParams);
    if (!flow) {
      return UNKNOWN;
    }
    const location = `${SIGN_INS_PATH}/${flow.id}`;
    return new Response(null, { status: 303, headers: { ...protection(), location } });
  },
};

/** One sign-in. */
export const signInPage: Page = {
  path: `${SIGN_INS_PATH}/:id`,
  async show(visit) {
    const flow = flowOf(visit);
    if (!flow) {
      return UNKNOWN;
    }
    return {
      title: titleOfFlow(flow),
      current: 'sign-ins',
      hasHeading: true,
      content: signInContent(flow, visit),
    };
  },
};

/** One sign-in as text, to paste where somebody is asked for help. */
export const signInTextPage: Page = {
  path: `${SIGN_INS_PATH}/:id/text`,
  async show(visit) {
    const flow = flowOf(visit);
    if (!flow) {
      return UNKNOWN;
    }
    return new Response(signInText(flow, visit), {
      headers: { ...protection(), 'content-type': 'text/plain; charset=utf-8' },
    });
  },
};

const UNKNOWN: View = {
  title: 'This sign-in is not known',
  current: 'sign-ins',
  content: unknownSignInContent(),
  status: 404,
};

function flowOf({ flows, params }: Visit): Flow | undefined {
  return flows.get(params['id'] ?? '');
}
