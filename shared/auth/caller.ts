import type { DealerScope, Scope } from './scopes.ts';

/** Who is calling, and what they may do. */
export interface Caller {
  /** The key's id, which is no secret. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly isAdmin: boolean;
  /** Whether a scope covers this dealer; `admin` covers everything. Says nothing about whether the dealer exists. */
  may(scope: DealerScope, dealerId: string): boolean;
}

export function callerOf(id: string, scopes: readonly Scope[]): Caller {
  const isAdmin = scopes.includes('admin');
  return { id, scopes, isAdmin, may: (scope, dealerId) => isAdmin || scopes.includes(`${scope}:${dealerId}`) };
}

/** Whoever shows no key, on routes that ask for none. */
export const anonymous: Caller = callerOf('anonymous', []);
