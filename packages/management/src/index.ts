export {
  createManagement,
  managementFromEnv,
  type Management,
  type Pending,
  type Resource,
} from './management.js';
export { call, createTransport, type CallOptions, type Reply, type Transport } from './call.js';
export {
  KindeApiError,
  type KindeApiErrorCode,
  type KindeApiErrorDetails,
  type Problem,
} from './errors.js';
export { CHANNEL, type ManagementEvent } from './events.js';
export { parseFlag } from './flag.js';
export { paged, type Paged } from './list.js';
export { managementOptionsFromEnv, type ManagementOptions, type TokenStore } from './options.js';
export type { Operation, Paging } from './op.js';
