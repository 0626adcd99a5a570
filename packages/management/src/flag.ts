/**
 * The value of a feature flag, which this API writes as text whatever its type; undefined for text that is none.
 * @example parseFlag((await management.environment.listFlags()).feature_flags['todo_limit']!) // 5
 */
export function parseFlag({
  type,
  value,
}: {
  type: string;
  value: string;
}): string | number | boolean | undefined {
  if (type === 'bool') {
    if (value === 'true') {
      return true;
    }
    return value === 'false' ? false : undefined;
  }
  if (type === 'int') {
    return /^-?\d{1,15}$/.test(value) ? Number(value) : undefined;
  }
  return value;
}
