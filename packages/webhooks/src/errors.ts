/** The codes of `KindeWebhookError`. */
export type KindeWebhookErrorCode =
  /** The options are invalid; `problems` lists everything. */
  | 'config_invalid'
  /** Something else has read or parsed the body already, so its signature cannot be verified. */
  | 'body_consumed';

/**
 * Reports a mistake in how this package is set up: the only error that it throws. A webhook that is refused is an answer, not
 * an error. Never contains a webhook.
 */
export class KindeWebhookError extends Error {
  /** Always `KindeWebhookError`. */
  override readonly name = 'KindeWebhookError';
  /** The kind of mistake. */
  readonly code: KindeWebhookErrorCode;
  /** Everything that is wrong, one sentence each. */
  readonly problems: readonly string[];
  /** HTTP status that an unhandled error becomes: Express and Fastify read this property. */
  readonly statusCode = 500;

  constructor(code: KindeWebhookErrorCode, message: string, problems: readonly string[] = []) {
    super([message, ...problems].join('\n  - '));
    this.code = code;
    this.problems = problems;
  }
}
