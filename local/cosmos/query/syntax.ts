import type { Json, Step } from '../json.ts';

/** A query as parsed: the part of Cosmos DB's SQL that is supported. Paths begin below the document. */
export interface Query {
  readonly select: Selection;
  readonly where: Expression | undefined;
  readonly order: readonly Order[];
  /** From TOP, or from OFFSET … LIMIT. */
  readonly limit: Expression | undefined;
  readonly offset: Expression | undefined;
}

export type Selection =
  | { readonly kind: 'document' }
  | { readonly kind: 'count' }
  | { readonly kind: 'value'; readonly path: readonly Step[] }
  | { readonly kind: 'properties'; readonly properties: readonly Property[] };

/** A selected path and what it is called in the result. */
interface Property {
  readonly name: string;
  readonly path: readonly Step[];
}

export interface Order {
  readonly path: readonly Step[];
  readonly descending: boolean;
}

export type Expression =
  | { readonly kind: 'constant'; readonly value: Json }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'path'; readonly path: readonly Step[] }
  | { readonly kind: 'not'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: FunctionName; readonly operands: readonly Expression[] };

export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** The supported functions and how many operands each takes. */
export const functions = { ARRAY_CONTAINS: 2, IS_DEFINED: 1, IS_NULL: 1, STARTSWITH: 2 } as const;

export type FunctionName = keyof typeof functions;

export function isFunctionName(name: string): name is FunctionName {
  return Object.hasOwn(functions, name);
}
