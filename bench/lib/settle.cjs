// Loaded before anything else in every server that is measured (`--require`).
//
// How fast `process.nextTick` is on Node 20 is decided by chance, process by process: V8 forgets the shape of the objects that
// it queues when a collection comes while none is queued, as after some quiet seconds, and code that is compiled afterwards
// builds them in a slow way. Fastify queues several for a request, and the same server is 2 µs slower or faster as a whole.
// Calling it often does not help. One of these objects, kept, keeps their shape: every server is a fast one.
'use strict';

const { executionAsyncResource } = require('node:async_hooks');

const kept = [];
const keep = () => kept.push(executionAsyncResource());
for (const args of [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]) {
  process.nextTick(keep, ...args);
}

// A module is kept, and with it what it exports.
module.exports = kept;
