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

/** Boxes a value the way the .NET host boxes binding data; undefined where there is nothing to say. */
export function toRpcData(value: unknown): RpcData | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return { string: value };
  if (typeof value === 'number' && Number.isInteger(value)) return { int: value };
  return { json: JSON.stringify(value) };
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
