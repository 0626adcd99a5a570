/**
 * Reads the value of a feature flag, which this API writes as text whatever its type. `undefined` for text that is no value
 * of the type.
 * @example parseFlag((await management.environment.listFlags()).feature_flags['todo_limit']!) // 5
 */
export function parseFlag({
  type,
  value,
}: {
  type: string;
  value: string;
}): string | number | boolean | undefined {
  switch (type) {
    case 'bool':
      return readBoolean(value);
    case 'int':
      return readInteger(value);
    default:
      return value;
  }
}

function readBoolean(value: string): boolean | undefined {
  if (value === 'true' || value === 'false') {
    return value === 'true';
  }
  return undefined;
}

function readInteger(value: string): number | undefined {
  if (!/^-?\d{1,15}$/.test(value)) {
    return undefined;
  }
  return Number(value);
}
