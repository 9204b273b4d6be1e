/** What is about to run. */
export interface FaultContext {
  readonly sql: string;
  readonly user: string;
  readonly database: string;
}

/**
 * What goes wrong with a statement, for tests; `afterRows` lets so many go out first.
 * - `error`: SQL Server's own, such as 1205 (deadlock victim) or 1222 (lock timeout)
 * - `drop`: the socket is gone
 * - `slow`: a pause before the statement, or after every so many rows
 */
export type Fault =
  | { readonly kind: 'error'; readonly number: number; readonly message?: string; readonly afterRows?: number }
  | { readonly kind: 'drop'; readonly afterRows?: number }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly everyRows?: number };

const messages: Readonly<Record<number, string>> = {
  1205: 'Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.',
  1222: 'Lock request time out period exceeded.',
};

export function messageOf({ number, message }: Fault & { readonly kind: 'error' }): string {
  return message ?? messages[number] ?? `Error ${number}, injected.`;
}
