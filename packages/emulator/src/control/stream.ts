import type { Context } from 'hono';
import type { JournalEntry } from '../journal/entries.js';
import type { Journal } from '../journal/journal.js';
import { ControlError } from './error.js';

/** Streams at the same time. */
const MOST_STREAMS = 50;
/** Milliseconds between comments that keep a silent connection open. */
const HEARTBEAT_MS = 15_000;
/** Events that may wait for a slow reader; then the stream ends, and it goes on after the last one that it has. */
const MOST_WAITING = 1_000;

/**
 * `GET /journal/stream`: entries as server-sent events. It begins after `Last-Event-ID` or `after`, without either with the next
 * entry.
 */
export function createStreams(journal: Journal): (c: Context) => Response {
  let open = 0;
  return (c) => {
    const after = startOf(c, journal);
    if (open >= MOST_STREAMS) {
      throw new ControlError('busy', `There are ${MOST_STREAMS} streams already.`);
    }
    open += 1;
    const body = streamOf(journal, after, () => {
      open -= 1;
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  };
}

function startOf(c: Context, journal: Journal): number {
  const given = c.req.header('last-event-id') ?? c.req.query('after');
  if (given === undefined) {
    return journal.last;
  }
  if (/^\d{1,15}$/.test(given)) {
    return Number(given);
  }
  throw new ControlError('invalid_input', 'A stream begins after the number of an entry.');
}

function streamOf(journal: Journal, after: number, ended: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let stop = () => {};
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const send = (text: string) => {
          controller.enqueue(encoder.encode(text));
          if ((controller.desiredSize ?? 0) < -MOST_WAITING) {
            stop();
            controller.close();
          }
        };
        const unsubscribe = journal.subscribe((entry) => send(eventOf(entry)));
        const timer = setInterval(() => send(': still here\n\n'), HEARTBEAT_MS).unref();
        stop = () => {
          stop = () => {};
          unsubscribe();
          clearInterval(timer);
          ended();
        };
        const missed = journal.after(after).map(eventOf).join('');
        controller.enqueue(encoder.encode(`: journal\n\n${missed}`));
      },
      cancel: () => stop(),
    },
    new CountQueuingStrategy({ highWaterMark: 1 }),
  );
}

function eventOf(entry: JournalEntry): string {
  return `id: ${entry.number}\nevent: ${entry.kind}\ndata: ${JSON.stringify(entry)}\n\n`;
}
