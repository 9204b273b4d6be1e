import { AdpError } from '../../shared/errors.ts';
import type { HubClient } from '../client.ts';
import type { Item } from './configuration.ts';
import { differences } from './differences.ts';
import { isObject, toJson } from './parseFile.ts';

/** What is to be done with one item, as the hub is now. */
export type Plan =
  | { readonly item: Item; readonly action: 'create' }
  | {
      readonly item: Item;
      readonly action: 'change';
      readonly paths: readonly string[];
      readonly etag: string | undefined;
    }
  | { readonly item: Item; readonly action: 'none' };

/** What became of it. `blocked`: its dealer could not be applied. */
export type Applied =
  | { readonly plan: Plan; readonly outcome: 'created' | 'changed' | 'unchanged' | 'blocked' }
  | { readonly plan: Plan; readonly outcome: 'failed'; readonly reason: string };

/** Compares an item with what the hub holds. */
export async function planItem(hub: HubClient, item: Item): Promise<Plan> {
  const { status, headers, body } = await hub.get(item.path, { accept: [404] });
  if (status === 404) return { item, action: 'create' };
  const held = toJson(body);
  const paths = isObject(held) ? differences(item.wanted, held) : ['(everything)'];
  if (paths.length === 0) return { item, action: 'none' };
  return { item, action: 'change', paths, etag: headers.get('etag') ?? undefined };
}

/**
 * Puts the items, in their order, as far as they differ. One that fails doesn't keep the others back, but a dealer's
 * sources.
 *
 * @param onApplied told after each
 * @throws AdpError AUTH_FAILED or NETWORK_ERROR, which the next item would meet too
 */
export async function applyItems(
  hub: HubClient,
  items: readonly Item[],
  onApplied: (applied: Applied) => void = () => {},
): Promise<Applied[]> {
  const failedDealers = new Set<string>();
  const all: Applied[] = [];
  for (const item of items) {
    const blocked = item.kind === 'source' && failedDealers.has(item.name.split('/')[0] ?? '');
    const applied: Applied = blocked
      ? { plan: { item, action: 'none' }, outcome: 'blocked' }
      : await applyPlan(hub, await planItem(hub, item));
    if (applied.outcome === 'failed' && item.kind === 'dealer') failedDealers.add(item.name);
    all.push(applied);
    onApplied(applied);
  }
  return all;
}

async function applyPlan(hub: HubClient, plan: Plan): Promise<Applied> {
  if (plan.action === 'none') return { plan, outcome: 'unchanged' };
  const etag = plan.action === 'change' ? plan.etag : undefined;
  try {
    const { status } = await hub.put(plan.item.path, {
      json: plan.item.wanted,
      headers: etag === undefined ? {} : { 'if-match': etag },
      accept: [412],
    });
    if (status === 412) {
      return { plan, outcome: 'failed', reason: 'somebody else changed it at the same time: look, and apply again' };
    }
    return { plan, outcome: plan.action === 'create' ? 'created' : 'changed' };
  } catch (error) {
    if (!(error instanceof AdpError) || error.code === 'AUTH_FAILED' || error.code === 'NETWORK_ERROR') throw error;
    return { plan, outcome: 'failed', reason: error.message };
  }
}
