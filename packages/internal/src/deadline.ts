/** When to stop waiting, and what happens then. */
export interface Deadline<Late = never> {
  /** From now on. Less than nothing counts as nothing: an answer that is there already still wins. */
  readonly milliseconds: number;
  /** Provides the result in place of the late one, or throws the error of a timeout. */
  readonly onTimeout: () => Late;
  /** Stops waiting earlier: the promise rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds more, counted once the others are over, for answers that arrived while the process was busy. @default 0 */
  readonly grace?: number;
}

/**
 * Waits for work, until a deadline at most. The work itself goes on, since others may wait for it too; a rejection that comes
 * after the deadline is ignored.
 * @throws the error of the work, of `onTimeout`, or the reason of the signal
 */
export async function withDeadline<Result, Late = never>(
  work: Promise<Result>,
  { milliseconds, onTimeout, signal, grace = 0 }: Deadline<Late>,
): Promise<Result | Late> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let abort = (): void => {};
  const stopped = new Promise<void>((resolve, reject) => {
    abort = () => reject(signal?.reason as Error);
    const end = (): void => {
      if (grace > 0) {
        timer = setTimeout(resolve, grace);
      } else {
        resolve();
      }
    };
    timer = setTimeout(end, Math.max(0, milliseconds));
  });
  if (signal?.aborted) {
    abort();
  }
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, stopped.then(onTimeout)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
