import type { KindeErrorCode } from './errors.js';

/** Tells the operator about a kind of trouble that no request can be answered with, once per kind. */
export function createWarn(): (code: KindeErrorCode, message: string) => void {
  const told = new Set<KindeErrorCode>();
  return (code, message) => {
    if (told.has(code)) {
      return;
    }
    told.add(code);
    globalThis.process?.emitWarning?.(message, { type: 'KindeWarning', code });
  };
}
