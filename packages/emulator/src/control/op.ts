import type * as v from 'valibot';
import type { Control } from './control.js';

/** Names of the operations: all methods but `until`, which is made of `journal`. */
export type OperationName = Exclude<keyof Control, 'until'>;

/** An operation of the control API as data: what it takes and answers, in process and over HTTP. */
export interface Operation<Name extends OperationName = OperationName> {
  /** Method and path; a segment `{id?}` may be left out. */
  readonly route: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;
  /** What it does, in a sentence, for OpenAPI. */
  readonly summary: string;
  /** Fields that the method takes one by one, in this order, before an object of the others. */
  readonly takes?: readonly string[];
  /** Fields of the input: over HTTP those of the path there, the others in the query of GET and DELETE, or in the body. */
  readonly input: v.ObjectEntries;
  /** Field that is the whole body. */
  readonly content?: string;
  /** The answer. */
  readonly returns: v.GenericSchema<unknown, Awaited<ReturnType<Control[Name]>>>;
}

/** Input of an operation as one object, from the arguments of its method. */
export function inputOf({ takes = [] }: Operation, given: readonly unknown[]): object {
  const named = takes.map((name, index) => [name, given[index]] as const);
  const present = named.filter(([, value]) => value !== undefined);
  return {
    ...(given[takes.length] as object | undefined),
    ...Object.fromEntries(present),
  };
}

/** Arguments of the method of an operation, from its input. */
export function argumentsOf({ takes = [], input: fields }: Operation, input: object): unknown[] {
  const given = { ...input } as Record<string, unknown>;
  const named = takes.map((name) => given[name]);
  const rest = Object.entries(given).filter(([name]) => !takes.includes(name));
  const hasObject = Object.keys(fields).some((name) => !takes.includes(name));
  return hasObject ? [...named, Object.fromEntries(rest)] : named;
}

/** Method and path template of an operation. */
export function routeOf({ route }: Operation): { method: string; path: string } {
  const [method = '', path = ''] = route.split(' ');
  return {
    method,
    path,
  };
}
