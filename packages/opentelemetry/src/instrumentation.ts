import { AsyncLocalStorage } from 'node:async_hooks';
import { tracingChannel } from 'node:diagnostics_channel';
import {
  context,
  diag,
  metrics,
  trace,
  type Context,
  type MeterProvider,
  type TracerProvider,
} from '@opentelemetry/api';
import { NAMES, type KindeEvent } from './event.js';
import { createMetrics } from './metrics.js';
import { createSpans } from './spans.js';

/** Options of `kindeInstrumentation`. */
export interface KindeInstrumentationOptions {
  /**
   * Makes a span for every request to Kinde. Set it to `false` where the instrumentation of undici makes spans of the same
   * requests; `kinde.fetch.duration` is measured in both cases. @default true
   */
  fetchSpans?: boolean;
  /**
   * Adds the user's id as `enduser.id`, in apps whose option `userIdsInEvents` is `'plain'`. Otherwise such ids are left out.
   * A keyed hash of the id, the default of that option, is always added, as `enduser.pseudo.id`. @default false
   */
  userIds?: boolean;
}

/** An instrumentation in the shape of `@opentelemetry/instrumentation`, for `NodeSDK` and `registerInstrumentations`. */
export interface KindeInstrumentation {
  /** The instrumentation scope of all spans and metrics. */
  readonly instrumentationName: string;
  /** The version of the names of spans, attributes and metrics. */
  readonly instrumentationVersion: string;
  /** Starts making spans and metrics. Registering the instrumentation does that, too. */
  enable(): void;
  /** Stops. Spans of operations under way are not exported. */
  disable(): void;
  /** Sets where spans go. @default the global tracer provider */
  setTracerProvider(provider: TracerProvider): void;
  /** Sets where metrics go. @default the global meter provider */
  setMeterProvider(provider: MeterProvider): void;
  /** Starts or stops, if `enabled` is given. */
  setConfig(config: KindeInstrumentationConfig): void;
  /** Whether it is started. */
  getConfig(): KindeInstrumentationConfig;
}

/** The part of an instrumentation's configuration that is used. */
export interface KindeInstrumentationConfig {
  /** Whether it makes spans and metrics. */
  enabled?: boolean;
}

const NAME = '@kindling/opentelemetry';
const VERSION = '1';

/**
 * Makes OpenTelemetry spans and metrics of what Kindling does in this process: sign-in, token refresh, requests to Kinde and
 * to the session store, refusals. Nothing is made until it is registered or enabled.
 * @example new NodeSDK({ instrumentations: [kindeInstrumentation()] }).start()
 */
export function kindeInstrumentation(
  options: KindeInstrumentationOptions = {},
): KindeInstrumentation {
  const { fetchSpans = true, userIds = false } = options;
  let tracers: TracerProvider = trace;
  let meters: MeterProvider = metrics;
  let measure = createMetrics(() => meters.getMeter(NAME, VERSION));
  let enabled = false;
  const spans = createSpans(() => tracers.getTracer(NAME, VERSION), { fetchSpans, userIds });
  const store = createContextStore();
  const start = (event: unknown) =>
    safely(() => spans.start(event as KindeEvent)) ?? context.active();
  const end = (event: unknown) =>
    safely(() => {
      spans.end(event as KindeEvent);
      measure(event as KindeEvent);
    });
  const channels = NAMES.map((name) => tracingChannel(`kinde:${name}`));
  const enable = () => {
    if (enabled) {
      return;
    }
    for (const channel of channels) {
      channel.start.bindStore(store, start);
      channel.asyncEnd.subscribe(end);
    }
    enabled = true;
  };
  const disable = () => {
    for (const channel of channels) {
      channel.start.unbindStore(store);
      channel.asyncEnd.unsubscribe(end);
    }
    enabled = false;
  };
  return Object.freeze({
    instrumentationName: NAME,
    instrumentationVersion: VERSION,
    enable,
    disable,
    setTracerProvider(provider) {
      tracers = provider;
    },
    setMeterProvider(provider) {
      meters = provider;
      measure = createMetrics(() => meters.getMeter(NAME, VERSION));
    },
    setConfig({ enabled: wanted = enabled }) {
      (wanted ? enable : disable)();
    },
    getConfig: () => ({ enabled }),
  } satisfies KindeInstrumentation);
}

/** Does some work for a channel: errors of its subscribers would end the process. */
function safely<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch (error) {
    diag.error(NAME, error);
    return undefined;
  }
}

/**
 * A store to bind to channels, which runs their work in a context of OpenTelemetry: so all spans made inside nest, those of
 * other instrumentations, too. Node calls `run`, and `withScope` since 26.1.
 */
function createContextStore(): AsyncLocalStorage<Context> {
  const run: AsyncLocalStorage<Context>['run'] = (active: Context, work: () => never) =>
    context.with(active, work);
  // Since version 1.10 of the API. Before, spans do not nest there.
  const newer: typeof context & { attach?(active: Context): { dispose(): void } } = context;
  const withScope = (active: Context) => {
    const attached = newer.attach?.(active);
    return { [Symbol.dispose]: () => attached?.dispose() };
  };
  return Object.assign(new AsyncLocalStorage<Context>(), { run, withScope });
}
