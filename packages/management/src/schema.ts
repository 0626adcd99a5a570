import * as v from 'valibot';

// Schemas that many operations share.

export const text = v.string();
export const bool = v.boolean();
export const int = v.pipe(v.number(), v.integer());

/** An identifier. Never a path of its own: `..` would lead to another operation. */
export const id = v.pipe(v.string(), v.minLength(1), v.maxLength(1000), v.notValues(['.', '..']));

/** A filter of one value or several, which are sent with commas between them. */
export const several = v.union([text, v.array(text)]);

/** Checks whether a schema is `several`, perhaps optional, or a record of it. */
export function isSeveral(schema: object): boolean {
  if (schema === several) {
    return true;
  }
  const { wrapped, value } = schema as { wrapped?: object; value?: object };
  const inner = wrapped ?? value;
  return inner !== undefined && isSeveral(inner);
}

export const file = v.instance(Blob);

/** An answer whose body has no meaning. */
export const nothing = v.optional(v.unknown());

/** Kinde's envelope, which most answers come in, with the given members beside code and message. */
/* @__NO_SIDE_EFFECTS__ */
export function answer<const Fields extends v.ObjectEntries>(fields: Fields) {
  return v.object({
    code: text,
    message: text,
    ...fields,
  });
}

export const reply = v.object({ code: text, message: text });

export const pageSize = v.pipe(int, v.minValue(1), v.maxValue(500));

/** Parameters of lists whose pages are requested with a token. */
export const page = { page_size: v.optional(pageSize), next_token: v.optional(text) };

/** Parameters of lists whose pages are requested after, or before, the id of an entry. */
export const around = {
  page_size: v.optional(pageSize),
  starting_after: v.optional(text),
  ending_before: v.optional(text),
};

/** Takes each connection of a list out of the envelope of its own that it may come in. */
export function unwrapConnections(body: unknown): unknown {
  const { connections } = body as { connections?: unknown };
  if (!Array.isArray(connections)) {
    return body;
  }
  const unwrapped = connections.map(
    (item: { connection?: unknown } | null) => item?.connection ?? item,
  );
  return { ...(body as object), connections: unwrapped };
}

/** Takes an identity out of the envelope that it may come in. */
export function unwrapIdentity(body: unknown): unknown {
  const { identity } = body as { identity?: unknown };
  return identity ?? body;
}
