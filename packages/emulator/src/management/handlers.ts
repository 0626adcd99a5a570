import type * as contract from '@kindling/management/contract';
import type { Handlers } from './answer.js';
import { permissions } from './permissions.js';

/** Everything that is emulated, by resource. What is not here is answered with 501. */
export const handlers: { readonly [Resource in keyof typeof contract]?: Handlers<Resource> } = { permissions };
