import {
  context,
  createContextKey,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { attributesOf, serverOf, userOf, type KindeEvent } from './event.js';

/** Spans of operations. */
export interface Spans {
  /** Begins the span of an operation. Returns the context for its work. */
  start(event: KindeEvent): Context;
  /** Ends it. */
  end(event: KindeEvent): void;
}

/** Which spans are made, and what they tell. */
export interface SpanOptions {
  /** Whether requests to Kinde have spans. */
  readonly fetchSpans: boolean;
  /** Whether ids of users are told as they are. */
  readonly userIds: boolean;
}

/** An operation under way. */
interface Entry {
  readonly event: KindeEvent;
  /** The context in which it began. */
  readonly parent: Context;
  readonly isQuiet: boolean;
  span?: Span;
  isOver?: boolean;
}

/**
 * Operations of every request, which take microseconds: they get a span only when another operation begins inside, or when
 * they are refused or fail.
 */
const QUIET: readonly string[] = ['authenticate', 'guard'];
/** Where a context keeps the quiet operation under way. */
const QUIET_ENTRY = createContextKey('kinde.quiet');

/** Makes spans with a tracer. */
export function createSpans(tracer: () => Tracer, { fetchSpans, userIds }: SpanOptions): Spans {
  const entries = new WeakMap<KindeEvent, Entry>();
  const open = (entry: Entry): Span => {
    const { event, parent, isQuiet } = entry;
    const isClient = event.name === 'fetch' || event.name === 'store';
    entry.span ??= tracer().startSpan(
      `kinde.${event.name}`,
      {
        kind: isClient ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: { ...attributesOf(event), ...serverOf(event) },
        ...(isQuiet && { startTime: event.at * 1000 }),
      },
      parent,
    );
    return entry.span;
  };
  /** The active context, below the span of the quiet operation in which it is. */
  const parentOf = (active: Context): Context => {
    const quiet = active.getValue(QUIET_ENTRY) as Entry | undefined;
    if (!quiet) {
      return active;
    }
    const parent = active.deleteValue(QUIET_ENTRY);
    const isBelowAnother = trace.getSpan(active) !== trace.getSpan(quiet.parent);
    const isTooLate = quiet.isOver === true && quiet.span === undefined;
    return isBelowAnother || isTooLate ? parent : trace.setSpan(parent, open(quiet));
  };
  return {
    start(event) {
      const parent = parentOf(context.active());
      if (event.name === 'fetch' && !fetchSpans) {
        return parent;
      }
      const isQuiet = QUIET.includes(event.name);
      const entry: Entry = { event, parent, isQuiet };
      entries.set(event, entry);
      return isQuiet ? parent.setValue(QUIET_ENTRY, entry) : trace.setSpan(parent, open(entry));
    },
    end(event) {
      const entry = entries.get(event);
      if (!entry) {
        return;
      }
      entry.isOver = true;
      if (!entry.span && event.outcome === 'done') {
        return;
      }
      const span = open(entry);
      span.setAttributes({ ...attributesOf(event), ...userOf(event, userIds) });
      if (event.outcome === 'failed') {
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end(entry.isQuiet ? (event.at + (event.took ?? 0)) * 1000 : undefined);
    },
  };
}
