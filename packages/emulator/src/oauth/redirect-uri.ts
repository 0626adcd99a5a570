/** Whether an address is registered: equal, or below one `*` in the left-most label of a registered host. */
export function isRegistered(registered: readonly string[], address: string): boolean {
  return registered.some((entry) => {
    const [, start, end] = /^(https?:\/\/[^./*]*)\*([^./*]*\.[^*]+)$/.exec(entry) ?? [];
    if (start === undefined || end === undefined) {
      return entry === address;
    }
    const fits =
      address.startsWith(start) &&
      address.endsWith(end) &&
      address.length > start.length + end.length;
    return fits && /^[a-z0-9-]+$/i.test(address.slice(start.length, -end.length));
  });
}
