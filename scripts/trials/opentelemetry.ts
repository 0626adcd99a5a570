// Tries the installed @kindling/opentelemetry: it listens while it is enabled.
import assert from 'node:assert/strict';
import { tracingChannel } from 'node:diagnostics_channel';
import { kindeInstrumentation, type KindeInstrumentation } from '@kindling/opentelemetry';

export async function trial(): Promise<void> {
  const { start, asyncEnd } = tracingChannel('kinde:callback');
  const instrumentation: KindeInstrumentation = kindeInstrumentation({ fetchSpans: false });
  assert.equal(start.hasSubscribers, false);
  instrumentation.enable();
  assert.equal(start.hasSubscribers, true);
  const event = { name: 'callback', at: 0, took: 0, outcome: 'done' };
  assert.equal(
    start.runStores(event, () => 'done'),
    'done',
  );
  asyncEnd.publish(event);
  instrumentation.disable();
  assert.equal(start.hasSubscribers, false);
}
