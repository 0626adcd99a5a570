import type { Progress } from './index.js';

/** Where progress is shown, such as `process.stderr`. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** One line that changes in a terminal, a line for every thousand elsewhere. Call `end` when it is over. */
export function createProgressLine(terminal: Terminal, now: () => number = Date.now) {
  const started = now();
  let shown = 0;
  const text = ({ done, created, existing, failed }: Progress): string => {
    const rate = Math.round(done / Math.max(0.001, (now() - started) / 1000));
    return `${done} people: ${created} created, ${existing} there already, ${failed} failed (${rate} a second)`;
  };
  return {
    show(progress: Progress): void {
      const due = terminal.isTTY ? now() - shown >= 100 : progress.done % 1000 === 0;
      if (!due) {
        return;
      }
      shown = now();
      terminal.write(terminal.isTTY ? `\r\u001b[K${text(progress)}` : `${text(progress)}\n`);
    },
    end(progress: Progress): void {
      terminal.write(`${terminal.isTTY ? '\r\u001b[K' : ''}${text(progress)}\n`);
    },
  };
}
