/**
 * What the Functions host and its Node worker say to each other, as far as this host says it. The shapes are those of
 * https://github.com/Azure/azure-functions-language-worker-protobuf, read by `fromRpcTypedData` of @azure/functions.
 */
export type RpcData =
  /** JSON-parsed by the library where that is possible. */
  | { readonly string: string }
  | { readonly json: string }
  | { readonly int: number }
  | { readonly bytes: Uint8Array }
  | { readonly collectionString: { readonly string: readonly string[] } }
  /** With HTTP streaming the request itself arrives at the library's proxy. */
  | { readonly http: Record<string, never> };

export type RpcMetadata = Readonly<Record<string, RpcData>>;

/** A binding as the app registered it: `type`, `direction`, and what is the binding's own. */
export interface BindingSettings {
  readonly type: string;
  readonly direction: 'in' | 'out';
  readonly [setting: string]: unknown;
}

export interface Binding extends BindingSettings {
  readonly name: string;
}

/** Whether a binding's type is one that calls its function. */
export function isTrigger(type: string): boolean {
  return type.toLowerCase().endsWith('trigger');
}

/** Boxes a value the way the .NET host boxes binding data; undefined where there is nothing to say. */
export function toRpcData(value: unknown): RpcData | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'number' && Number.isInteger(value)) return { int: value };
  return { json: JSON.stringify(value) };
}

/**
 * Unboxes what a function returned, as the library's `toRpcTypedData` boxed it.
 * @throws Error for bytes: nobody here takes them
 */
export function fromRpcData(data: unknown): unknown {
  if (data === undefined || data === null) return undefined;
  const { string, json, int, double }: Readonly<Record<string, unknown>> = Object(data);
  if (typeof json === 'string') return JSON.parse(json);
  const value = string ?? int ?? double;
  if (value === undefined) throw new Error('The function must return what can be JSON');
  return value;
}

/** Binding data without the members that have no value. */
export function toRpcMetadata(values: Readonly<Record<string, unknown>>): RpcMetadata {
  const metadata: Record<string, RpcData> = {};
  for (const [name, value] of Object.entries(values)) {
    const data = toRpcData(value);
    if (data) metadata[name] = data;
  }
  return metadata;
}
