import type { JournalEntry } from '../journal/entries.js';
import type { Journal } from '../journal/journal.js';
import { protection } from './layout.js';
import { isOwnPath } from './parts.js';

const MOST_STREAMS = 20;
/** Milliseconds between two words to a browser: many changes at once are one. */
const REST = 200;
/** Milliseconds between two comments, so that a browser which is gone is noticed. */
const HEARTBEAT = 15_000;

/** A stream that names the kinds of what changed, such as `request step`, as server-sent events. */
export function createStream(journal: Journal): (request: Request) => Response {
  let open = 0;
  return (request) => {
    if (open >= MOST_STREAMS) {
      return new Response('Too many streams are open.', { status: 503, headers: protection() });
    }
    open += 1;
    return streamOf(journal, request.signal, () => {
      open -= 1;
    });
  };
}

function streamOf(journal: Journal, signal: AbortSignal, closed: () => void): Response {
  const encoder = new TextEncoder();
  let finish = (): void => undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      const stop = tellChanges(journal, send);
      finish = () => {
        finish = () => undefined;
        signal.removeEventListener('abort', end);
        stop();
        closed();
      };
      const end = () => {
        finish();
        controller.close();
      };
      signal.addEventListener('abort', end);
    },
    cancel: () => finish(),
  });
  return new Response(body, {
    headers: { ...protection(), 'content-type': 'text/event-stream; charset=utf-8' },
  });
}

/** Sends what changed, and a comment now and then, until the function that it returns is called. */
function tellChanges(journal: Journal, send: (text: string) => void): () => void {
  const kinds = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer = undefined;
    send(`event: changed\ndata: ${[...kinds].join(' ')}\n\n`);
    kinds.clear();
  };
  const unsubscribe = journal.subscribe((entry) => {
    if (isNews(entry)) {
      kinds.add(entry.kind);
      timer ??= setTimeout(tell, REST).unref();
    }
  });
  send(': connected\n\n');
  const heartbeat = setInterval(() => send(':\n\n'), HEARTBEAT).unref();
  return () => {
    unsubscribe();
    clearTimeout(timer);
    clearInterval(heartbeat);
  };
}

/** The dashboard's own requests are none: a page that is fetched again because of them would never rest. */
function isNews(entry: JournalEntry): boolean {
  return entry.kind !== 'request' || !isOwnPath(entry.path);
}
