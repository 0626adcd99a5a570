import { toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { operations } from '../src/control/contract.js';
import { STATUS } from '../src/control/error.js';
import { routeOf, type Operation, type OperationName } from '../src/control/op.js';

type Schema = Record<string, unknown>;

/** The OpenAPI document of the control API, from its contract. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const [name, operation] of operations) {
    const { method } = routeOf(operation);
    for (const path of pathsOf(operation)) {
      const own = (paths[path] ??= {});
      own[method.toLowerCase()] = describe(name, operation, path);
    }
  }
  paths['/journal/stream'] = { get: stream };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Control API of the local Kinde',
      version: '1',
      description:
        'What tests and tools may ask a local Kinde for that Kinde has no API for. Users, organizations, roles and flags are ' +
        'changed through the Management API. Durations are seconds, or text such as 90s, 5m, 2h, 3d.',
    },
    servers: [{ url: '/emulator/api/v1' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Problem: {
          type: 'object',
          description: 'A problem document (RFC 9457).',
          required: ['type', 'title', 'status', 'detail', 'code'],
          properties: {
            type: { const: 'about:blank' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string', description: 'What is wrong, and what to do.' },
            code: { enum: Object.keys(STATUS) },
          },
        },
      },
    },
  };
}

const problem = {
  description: 'Why it failed.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const stream = {
  operationId: 'journalStream',
  summary: 'The journal as server-sent events: the id of each is its number, its event the kind.',
  parameters: [
    { name: 'after', in: 'query', schema: { type: 'integer' } },
    { name: 'Last-Event-ID', in: 'header', schema: { type: 'integer' } },
  ],
  responses: {
    200: { description: 'A stream.', content: { 'text/event-stream': {} } },
    default: problem,
  },
};

/** Where a segment may be left out, there are two paths. */
function pathsOf(operation: Operation): string[] {
  const { path } = routeOf(operation);
  return path.endsWith('?}')
    ? [path.slice(0, path.lastIndexOf('/')), path.replace('?}', '}')]
    : [path];
}

function describe(name: OperationName, operation: Operation, path: string): object {
  const { method, path: whole } = routeOf(operation);
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, field = '']) => field);
  const others = Object.keys(operation.input).filter((field) => !inPath.includes(field));
  const isQuery = method === 'GET' || method === 'DELETE';
  const hasId = inPath.length > 0 && whole.endsWith('?}');
  const queried = isQuery && !hasId ? others.filter((field) => !whole.includes(`{${field}`)) : [];
  const parameters = [
    ...inPath.map((field) => parameter(operation, field, 'path')),
    ...queried.map((field) => parameter(operation, field, 'query')),
  ];
  return {
    operationId: hasId ? `${name}ById` : name,
    summary: operation.summary,
    ...(parameters.length > 0 && { parameters }),
    ...(!isQuery && others.length > 0 && { requestBody: bodyOf(operation, others) }),
    responses: {
      200: {
        description: 'Done.',
        content: { 'application/json': { schema: schemaOf(operation.returns) } },
      },
      default: problem,
    },
  };
}

function parameter({ input }: Operation, name: string, place: 'path' | 'query'): object {
  const schema = input[name] as v.GenericSchema;
  const isOptional = schema.type === 'optional' && place === 'query';
  return { name, in: place, required: !isOptional, schema: schemaOf(schema) };
}

function bodyOf({ input, content }: Operation, fields: readonly string[]): object {
  const entries = Object.fromEntries(fields.map((field) => [field, input[field]!]));
  const schema = content === undefined ? v.strictObject(entries) : input[content]!;
  const isOptional = Object.values(entries).every(({ type }) => type === 'optional');
  return {
    required: !isOptional,
    content: { 'application/json': { schema: schemaOf(schema as v.GenericSchema) } },
  };
}

function schemaOf(schema: v.GenericSchema): Schema {
  const { $schema: _, ...rest } = toJsonSchema(schema as never, {
    typeMode: 'output',
    ignoreActions: ['safe_integer'],
  });
  return rest;
}
