import type { Attributes, Meter } from '@opentelemetry/api';
import { attributesOf, type KindeEvent, type Member } from './event.js';

/** The members that are attributes of metrics, by operation. Each has few values. */
const MEMBERS: Readonly<Record<string, readonly Member[]>> = {
  refresh: ['by', 'outcome', 'code'],
  fetch: ['endpoint', 'status', 'outcome', 'code'],
  store: ['operation', 'outcome', 'code'],
  authenticate: ['via', 'reason'],
  guard: ['answer', 'code'],
  login: ['flow', 'outcome', 'code'],
  callback: ['outcome', 'code'],
  logout: ['outcome', 'code'],
  revocation: ['by', 'of', 'outcome', 'code'],
  webhook: ['status', 'outcome', 'code'],
};

/** Operations that somebody waits for, measured in seconds; the others are counted. */
const TIMED: readonly string[] = ['refresh', 'fetch', 'store'];
/** Bounds of the buckets, in seconds: those of OpenTelemetry for HTTP, and two for stores that are near. */
const BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** Adds one operation to its metric. */
type Add = (took: number, attributes: Attributes) => void;

/** Measures operations. Instruments are made with the first operation, when the SDK has been started. */
export function createMetrics(meter: () => Meter): (event: KindeEvent) => void {
  const instruments = new Map<string, Add>();
  const instrumentOf = (name: string) => {
    const known = instruments.get(name) ?? createInstrument(meter(), name);
    instruments.set(name, known);
    return known;
  };
  return (event) => {
    const members = MEMBERS[event.name];
    if (members) {
      instrumentOf(event.name)(event.took ?? 0, attributesOf(event, members));
    }
  };
}

function createInstrument(meter: Meter, name: string): Add {
  if (TIMED.includes(name)) {
    const histogram = meter.createHistogram(`kinde.${name}.duration`, {
      unit: 's',
      advice: { explicitBucketBoundaries: BUCKETS },
    });
    return (took, attributes) => histogram.record(took, attributes);
  }
  const counter = meter.createCounter(`kinde.${name}.count`);
  return (_took, attributes) => counter.add(1, attributes);
}
