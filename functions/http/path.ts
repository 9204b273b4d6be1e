import { keyIdPattern } from '../../shared/auth/keyText.ts';
import { type EntityName, entities } from '../../shared/model/entities.ts';
import { namePattern } from '../../shared/sources/dealer.ts';

/** Where all routes begin: the prefix of host.json and our own. */
export const basePath = '/api/v1';

/** The typed parameters of a path such as `dealers/{dealerId}/{entity}/records`. */
export type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: K extends 'entity' ? EntityName : string } & ParamsOf<Rest>
  : unknown;

interface Parameter {
  readonly description: string;
  readonly schema: {
    readonly type: 'string';
    readonly pattern?: string;
    readonly maxLength?: number;
    readonly enum?: readonly string[];
    readonly examples?: readonly string[];
  };
}

/** Every parameter that a path may have. A route that names another is refused when it is declared. */
export const pathParameters: Readonly<Record<string, Parameter>> = {
  dealerId: { description: 'The dealer.', schema: { type: 'string', pattern: namePattern, examples: ['acme'] } },
  sourceId: { description: 'The source.', schema: { type: 'string', pattern: namePattern, examples: ['dms'] } },
  name: { description: 'The pack.', schema: { type: 'string', pattern: namePattern, examples: ['adventure-dms'] } },
  entity: { description: 'The kind of record.', schema: { type: 'string', enum: Object.keys(entities) } },
  recordId: {
    description: "The record's id: its key values, joined by colons.",
    schema: { type: 'string', maxLength: 2_700, examples: ['AR-5381:01:'] },
  },
  runId: { description: 'The run.', schema: { type: 'string', maxLength: 200 } },
  keyId: { description: "The key's public id.", schema: { type: 'string', pattern: keyIdPattern } },
  rowId: { description: 'The quarantined row.', schema: { type: 'string', maxLength: 200 } },
};

export function parameterNames(path: string): string[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
}

/** Why a parameter's value can't be one; `undefined` if it can. */
export function parameterFault(name: string, value: string): string | undefined {
  const schema = pathParameters[name]?.schema;
  if (schema?.enum !== undefined && !schema.enum.includes(value)) {
    return `There is no such ${name}; there are ${schema.enum.join(', ')}.`;
  }
  if (schema?.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
    return `${name} must match ${schema.pattern}.`;
  }
  if (schema?.maxLength !== undefined && value.length > schema.maxLength) {
    return `${name} is at most ${schema.maxLength} characters long.`;
  }
  return undefined;
}

/** True once every parameter of the path has been found valid. */
export function hasParams<Path extends string>(
  path: Path,
  values: Readonly<Record<string, string>>,
): values is Readonly<Record<string, string>> & ParamsOf<Path> {
  return parameterNames(path).every((name) => {
    const value = values[name];
    return value !== undefined && parameterFault(name, value) === undefined;
  });
}

/**
 * The values of a path's parameters in the segments that were asked for, or `undefined` if it is another path.
 * A literal wins over a parameter: `rank` is greater the earlier a path has its literals.
 */
export function matchPath(
  path: string,
  segments: readonly string[],
): { readonly values: Record<string, string>; readonly rank: string } | undefined {
  const parts = path.split('/');
  if (parts.length !== segments.length) return undefined;
  const values: Record<string, string> = {};
  let rank = '';
  for (const [i, part] of parts.entries()) {
    const segment = segments[i] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined && part !== segment) return undefined;
    if (name !== undefined && segment === '') return undefined;
    if (name !== undefined) values[name] = segment;
    rank += name === undefined ? '1' : '0';
  }
  return { values, rank };
}

/** The decoded segments of a URL's path below `/api/v1`; `undefined` for a path that isn't, or isn't well-formed. */
export function segmentsOf(pathname: string): string[] | undefined {
  if (!pathname.startsWith(`${basePath}/`)) return undefined;
  try {
    return pathname
      .slice(basePath.length + 1)
      .split('/')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
