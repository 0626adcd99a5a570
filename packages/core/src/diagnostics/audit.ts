import { builtin } from '@kindling/internal';
import type diagnosticsChannel from 'node:diagnostics_channel';
import { now } from '../clock.js';
import type { AuditEvent } from './events.js';
import { callHook } from './hook.js';
import { currentRequestId, requestIdOf } from './operation.js';
import type { Requester } from './log.js';

/** What happened; when, and in which request, is added. */
export type AuditEntry = {
  readonly [Member in Exclude<keyof AuditEvent, 'at' | 'requestId'>]?:
    AuditEvent[Member] | undefined;
} & Pick<AuditEvent, 'type'>;

/** The channel of audit events on `node:diagnostics_channel`. */
const CHANNEL = 'kinde:audit';

/**
 * Tells audit events on their channel and to the app. Nobody waits for the app's function, and what it throws goes to
 * `failed`: an audit log that is away must not sign anybody out.
 */
export function createAudit(
  onAudit: ((event: AuditEvent) => unknown) | undefined,
  failed: (error: unknown, request?: Requester) => void,
): (entry: AuditEntry, request?: Requester) => void {
  const channel = builtin<typeof diagnosticsChannel>('node:diagnostics_channel')?.channel?.(
    CHANNEL,
  );
  return (entry, request) => {
    if (!onAudit && !channel?.hasSubscribers) {
      return;
    }
    const requestId = request ? requestIdOf(request) : currentRequestId();
    const given = Object.entries(entry).filter(([, value]) => value !== undefined);
    const event = Object.freeze({
      ...(Object.fromEntries(given) as Pick<AuditEvent, 'type'>),
      at: now(),
      ...(requestId !== undefined && { requestId }),
    });
    channel?.publish(event);
    callHook(
      () => onAudit?.(event),
      (error) => failed(error, request),
    );
  };
}
