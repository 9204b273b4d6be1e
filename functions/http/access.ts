import type { App } from '../../shared/app.ts';
import type { Caller } from '../../shared/auth/caller.ts';
import type { DealerScope } from '../../shared/auth/scopes.ts';
import { parameterFault } from './path.ts';
import { fail } from './problem.ts';

/**
 * Who may call a route.
 * - `anonymous`: anybody
 * - `authenticated`: any valid key; the handler decides the rest with `reach`
 * - `admin`: a key with the scope `admin`
 * - `anyOf`: a key with one of these scopes for the `{dealerId}` of the path, which exists and is enabled
 */
export type Access = 'anonymous' | 'authenticated' | 'admin' | { readonly anyOf: readonly DealerScope[] };

/** Whether a caller gets at a dealer's data. Admins also get at those of a disabled dealer. */
export type Reach = 'granted' | 'no scope' | 'disabled' | 'no such dealer';

export async function reach(
  app: App,
  caller: Caller,
  dealerId: string,
  scopes: readonly DealerScope[],
): Promise<Reach> {
  if (!scopes.some((scope) => caller.may(scope, dealerId))) return 'no scope';
  // An admin's may be any text, and a store isn't asked for just any.
  if (parameterFault('dealerId', dealerId) !== undefined) return 'no such dealer';
  const dealer = await app.dealers.find(dealerId);
  if (dealer === undefined) return 'no such dealer';
  return caller.isAdmin || dealer.value.enabled !== false ? 'granted' : 'disabled';
}

/** @throws a problem: 403; 404 for an admin who names a dealer that doesn't exist (others can't probe for dealers) */
export async function requireReach(
  app: App,
  caller: Caller,
  dealerId: string,
  scopes: readonly DealerScope[],
): Promise<void> {
  const reached = await reach(app, caller, dealerId, scopes);
  if (reached === 'granted') return;
  if (reached === 'disabled') fail(403, 'AUTH_FAILED', 'This dealer is disabled.');
  if (reached === 'no such dealer' && caller.isAdmin) fail(404, 'DATA_ERROR', 'There is no such dealer.');
  fail(403, 'AUTH_FAILED', `The key needs the scope ${scopes.map((scope) => `${scope}:{dealerId}`).join(' or ')}.`);
}

export function requireAdmin(caller: Caller): void {
  if (!caller.isAdmin) fail(403, 'AUTH_FAILED', 'The key needs the scope admin.');
}
