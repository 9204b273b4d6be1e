export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function requireText(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value !== 'string') throw new Error(`"${key}" must be a text, not ${JSON.stringify(value)}`);
  return value;
}

export function requireNumber(object: JsonObject, key: string): number {
  const value = object[key];
  if (typeof value !== 'number') throw new Error(`"${key}" must be a number, not ${JSON.stringify(value)}`);
  return value;
}
