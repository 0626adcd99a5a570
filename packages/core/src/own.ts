/** A copy without a prototype: nothing can be smuggled in through Object.prototype. */
export function bare<T extends object>(given: T): T {
  return Object.assign(Object.create(null), given);
}

/** A member of an object itself, where a copy would cost too much: what `Object.prototype` was given is nobody's. */
export function own<Of extends object, Name extends keyof Of>(
  of: Of,
  name: Name,
): Of[Name] | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}
