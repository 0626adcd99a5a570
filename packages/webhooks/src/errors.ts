/** What can be wrong with how this package is used. */
export type KindeWebhookErrorCode =
  /** The options cannot be used; `problems` lists everything. */
  | 'config_invalid'
  /** Something else has read or parsed the body already, so there is nothing left whose signature could be checked. */
  | 'body_consumed';

/**
 * The only error that this package throws: a mistake in how it is set up. A webhook that is refused is an answer, not an
 * error. Never holds a webhook.
 */
export class KindeWebhookError extends Error {
  override readonly name = 'KindeWebhookError';
  readonly code: KindeWebhookErrorCode;
  /** One sentence each. */
  readonly problems: readonly string[];
  /** HTTP status that an unhandled error becomes: Express and Fastify read this property. */
  readonly statusCode = 500;

  constructor(code: KindeWebhookErrorCode, message: string, problems: readonly string[] = []) {
    super([message, ...problems].join('\n  - '));
    this.code = code;
    this.problems = problems;
  }
}
