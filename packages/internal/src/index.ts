export { readBytes, readText } from './body.js';
export { stopwatch } from './clock.js';
export { withDeadline, type Deadline } from './deadline.js';
export { isLoopback, isProduction, isPublic } from './issuer.js';
export { nearest } from './nearest.js';
export { dropOldest } from './newest.js';
export { bare, own } from './own.js';
export { retryAfterOf } from './retry-after.js';
export { usableKey, type SigningKey } from './signing-key.js';
