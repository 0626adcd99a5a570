/** Copies an object without a prototype, so that members which someone added to `Object.prototype` are not read as options. */
export function bare<T extends object>(given: T): T {
  return Object.assign(Object.create(null), given);
}

/** Reads a member that an object has itself, where a copy would cost too much; inherited members count as absent. */
export function own<Of extends object, Name extends keyof Of>(
  of: Of,
  name: Name,
): Of[Name] | undefined {
  if (!Object.hasOwn(of, name)) {
    return undefined;
  }
  return of[name];
}
