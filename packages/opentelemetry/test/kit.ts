import type { Server } from 'node:http';
import { memoryStore, type KindeOptions, type SessionStore } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import { kinde, protect } from '@kindling/fastify';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import createFastify from 'fastify';
import { optionsFor } from '../../../test/kit/apps.js';

/** The SDK of OpenTelemetry, which keeps what it gets. */
export interface Sdk {
  readonly tracers: BasicTracerProvider;
  readonly meters: MeterProvider;
  /** The finished spans, in the order in which they began. */
  spans(): ReadableSpan[];
  /** Everything that was measured, by metric: attributes, and how often they were. */
  measured(): Promise<Record<string, (readonly [attributes: object, count: number])[]>>;
  /** All that was exported, as text. */
  exported(): string;
  /** Forgets the spans. */
  forget(): void;
  stop(): Promise<void>;
}

/** Starts the SDK. */
export function startSdk(): Sdk {
  const exporter = new InMemorySpanExporter();
  const begun: ReadableSpan[] = [];
  const order: SpanProcessor = {
    onStart: (span) => void begun.push(span),
    onEnd: () => {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const tracers = new BasicTracerProvider({
    spanProcessors: [order, new SimpleSpanProcessor(exporter)],
  });
  const measures = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: measures })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return {
    tracers,
    meters,
    spans: () => begun.filter((span) => exporter.getFinishedSpans().includes(span)),
    async measured() {
      await meters.forceFlush();
      const scopes = measures.getMetrics().at(-1)?.scopeMetrics ?? [];
      const counts = scopes.flatMap(({ metrics: all }) => all).map(countsOf);
      return Object.fromEntries(counts);
    },
    exported: () => JSON.stringify([exporter.getFinishedSpans().map(plain), measures.getMetrics()]),
    forget: () => exporter.reset(),
    async stop() {
      await Promise.all([tracers.shutdown(), meters.shutdown()]);
      context.disable();
    },
  };
}

function countsOf({ descriptor, dataPoints }: MetricData) {
  const counts = dataPoints.map(({ attributes, value }) => {
    const count = typeof value === 'number' ? value : value.count;
    return [attributes, count] as const;
  });
  return [descriptor.name, counts] as const;
}

function plain(span: ReadableSpan): object {
  const { name, attributes, events, links, status, resource, instrumentationScope } = span;
  return {
    name,
    attributes,
    events,
    links,
    status,
    instrumentationScope,
    resource: resource.attributes,
  };
}

/** Names of spans, indented below their parents; equal ones in a row once. */
export function treeOf(spans: readonly ReadableSpan[]): string {
  const below = (parent: string | undefined, indent: string): string =>
    spans
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
      .map((span) => `${indent}${span.name}\n${below(span.spanContext().spanId, `${indent}  `)}`)
      .filter((text, index, all) => text !== all[index - 1])
      .join('');
  return below(undefined, '');
}

/** An app whose framework makes a span for each request, and whose database makes one for each read. */
export async function startApp(
  { tracers }: Sdk,
  emulator: Emulator,
  more: Partial<KindeOptions> = {},
): Promise<Server> {
  const tracer = tracers.getTracer('others');
  const memory = memoryStore();
  const store: SessionStore = {
    ...memory,
    get: (id) =>
      tracer.startActiveSpan('SELECT', async (span) => {
        const found = await memory.get(id);
        span.end();
        return found;
      }),
  };
  const app = createFastify();
  app.addHook('onRequest', (request, reply, done) => {
    tracer.startActiveSpan(`${request.method} ${request.url.split('?')[0]}`, (span) => {
      reply.raw.once('close', () => span.end());
      done();
    });
  });
  await app.register(
    kinde,
    optionsFor(emulator, {
      timeout: 1,
      session: { store, idle: 3 * 86_400, maxAge: 9 * 86_400 },
      ...more,
    }),
  );
  app.get('/', async (request) => ({ isAuthenticated: request.kinde.isAuthenticated }));
  app.get('/todos', { onRequest: protect() }, async () => ({}));
  app.get('/admin', { onRequest: protect({ permissions: 'never:granted' }) }, async () => ({}));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app.server;
}
