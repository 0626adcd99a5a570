import * as v from 'valibot';
import type { FlowInfo } from './flow-info.js';
import type { Operation } from './op.js';
import {
  changed,
  deliveryEntry,
  journalEntry,
  position,
  requestEntry,
  waiting,
  word,
} from './schemas.js';

const number = v.number();
const text = v.string();
const faultValue = v.union([v.pipe(text, v.maxLength(10_000)), number, v.boolean()]);

const match = v.strictObject({
  client: v.optional(v.pipe(word, v.description('Application, by name or client id.'))),
  person: v.optional(v.pipe(word, v.description('User, by key, id or address.'))),
  path: v.optional(v.pipe(word, v.description('Path; with * at the end, the beginning of one.'))),
});

const times = v.union([
  v.pipe(number, v.safeInteger(), v.minValue(1), v.maxValue(1_000_000)),
  v.literal('always'),
]);

const requestFilter = {
  method: v.optional(word),
  path: v.optional(v.pipe(word, v.description('Path; with * at the end, the beginning of one.'))),
  client: v.optional(v.pipe(word, v.description('Application, by name or client id.'))),
  status: v.optional(number),
};

/** A sign-in: what the inspector shows. Only what others build on is described. */
const flow = v.looseObject({
  id: text,
  kind: text,
  at: number,
  time: number,
  outcome: text,
  steps: v.array(
    v.looseObject({
      number,
      kind: text,
      title: text,
      address: text,
    }),
  ),
  findings: v.array(
    v.object({
      id: text,
      level: v.picklist(['wrong', 'remark']),
      step: number,
      says: text,
      fix: text,
      docs: v.optional(text),
    }),
  ),
}) as unknown as v.GenericSchema<unknown, FlowInfo>;

/** Operations on what happens: faults, sign-ins as they went, requests, deliveries, the journal. */
export const journalContract = {
  faults: {
    route: 'GET /faults',
    summary: 'Faults by name, and those that are armed.',
    input: {},
    returns: v.object({
      catalogue: v.array(
        v.object({
          name: text,
          place: text,
          imitates: text,
          goodClient: text,
          parameters: v.record(text, v.object({ default: faultValue, meaning: text })),
        }),
      ),
      armed: v.array(
        v.object({
          id: text,
          name: text,
          left: v.union([number, v.literal('always')]),
          hits: number,
          match,
          with: v.record(text, faultValue),
          chance: number,
        }),
      ),
    }),
  } satisfies Operation<'faults'>,
  armFault: {
    route: 'POST /faults',
    summary: 'Arms a fault: the next request that it matches runs into it.',
    input: {
      name: v.pipe(word, v.description('Name in the catalogue.')),
      times: v.optional(times),
      match: v.optional(match),
      with: v.optional(v.record(text, faultValue)),
      chance: v.optional(v.pipe(number, v.minValue(0), v.maxValue(1))),
      random: v.optional(v.pipe(number, v.safeInteger())),
    },
    returns: v.object({ id: text, ...changed }),
  } satisfies Operation<'armFault'>,
  clearFaults: {
    route: 'DELETE /faults/{id?}',
    summary: 'Removes one armed fault, or all.',
    takes: ['id'],
    input: { id: v.optional(word) },
    returns: v.object(changed),
  } satisfies Operation<'clearFaults'>,
  flows: {
    route: 'GET /flows',
    summary: 'Sign-ins as the inspector sees them, newest first.',
    input: {
      state: v.optional(word),
      person: v.optional(v.pipe(word, v.description('User, by key, id or address.'))),
      application: v.optional(v.pipe(word, v.description('Application, by name or client id.'))),
      outcome: v.optional(v.picklist(['waiting', 'returned', 'succeeded', 'failed', 'ended'])),
      kind: v.optional(v.picklist(['sign-in', 'continued', 'machine', 'keys', 'other'])),
    },
    returns: v.array(flow),
  } satisfies Operation<'flows'>,
  flow: {
    route: 'GET /flows/{id}',
    summary: 'One sign-in: steps, parameters, findings.',
    takes: ['id'],
    input: { id: word },
    returns: flow,
  } satisfies Operation<'flow'>,
  requests: {
    route: 'GET /requests',
    summary: 'Requests that were received, oldest first.',
    input: { ...requestFilter, ...waiting },
    returns: v.array(requestEntry),
  } satisfies Operation<'requests'>,
  countRequests: {
    route: 'GET /requests/count',
    summary: 'Number of requests that were received.',
    input: requestFilter,
    returns: v.object({ count: number }),
  } satisfies Operation<'countRequests'>,
  deliveries: {
    route: 'GET /deliveries',
    summary: 'Calls of webhooks, oldest first.',
    input: {
      type: v.optional(v.pipe(word, v.description('Type of the event, such as user.created.'))),
      endpoint: v.optional(word),
      status: v.optional(v.union([word, number])),
      ...waiting,
    },
    returns: v.array(deliveryEntry),
  } satisfies Operation<'deliveries'>,
  journal: {
    route: 'GET /journal',
    summary: 'What happened, oldest first: at most 1,000 entries.',
    input: { kind: v.optional(word), ...waiting },
    returns: v.object({ entries: v.array(journalEntry), next: position }),
  } satisfies Operation<'journal'>,
};
