/** Why a call of the control API failed. */
export type ControlErrorCode =
  | 'invalid_input'
  | 'invalid_seed'
  | 'invalid_snapshot'
  | 'invalid_token'
  | 'forbidden'
  | 'unsupported_media_type'
  | 'too_large'
  | 'unknown_operation'
  | 'unknown_person'
  | 'unknown_organization'
  | 'unknown_application'
  | 'unknown_fault'
  | 'unknown_snapshot'
  | 'unknown_session'
  | 'unknown_flow'
  | 'unknown_environment'
  | 'unknown_sdk'
  | 'refused'
  | 'unavailable'
  | 'busy'
  | 'timed_out'
  | 'failed';

/** Status of the problem document (RFC 9457) of each code. */
export const STATUS: Readonly<Record<ControlErrorCode, number>> = {
  invalid_input: 400,
  invalid_seed: 422,
  invalid_snapshot: 422,
  invalid_token: 401,
  forbidden: 403,
  unsupported_media_type: 415,
  too_large: 413,
  unknown_operation: 404,
  unknown_person: 404,
  unknown_organization: 404,
  unknown_application: 404,
  unknown_fault: 404,
  unknown_snapshot: 404,
  unknown_session: 404,
  unknown_flow: 404,
  unknown_environment: 404,
  unknown_sdk: 404,
  refused: 409,
  unavailable: 501,
  busy: 503,
  timed_out: 408,
  failed: 500,
};

/** A call of the control API failed: the message says what is wrong and what to do. */
export class ControlError extends Error {
  /** `ControlError`. */
  override readonly name = 'ControlError';
  /** For code that reacts to it. */
  readonly code: ControlErrorCode;
  /** Status over HTTP. */
  readonly status: number;

  constructor(code: ControlErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
  }
}
