export { readBytes, readText, type Body } from './body.js';
export { stopwatch } from './clock.js';
export { withDeadline, type Deadline } from './deadline.js';
export { isLoopback, isProduction, isPublic, type LoopbackScope } from './issuer.js';
export { dropOldest } from './newest.js';
export { nearest } from './nearest.js';
export { bare, own } from './own.js';
export { retryAfterOf, type RetryAfterOptions } from './retry-after.js';
export { usableKey, type SigningKey } from './signing-key.js';
