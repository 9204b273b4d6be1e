import { cascadeCycles } from './dealers/cascadeCycles.ts';
import { prairieBikes } from './dealers/prairieBikes.ts';
import { radhausNord } from './dealers/radhausNord.ts';
import type { Delivery } from './delivery.ts';
import type { AdventureWorks } from './tables.ts';

/** Everything that the three dealers' systems send at first. */
export function allDeliveries(tables: AdventureWorks): Delivery[] {
  return [...cascadeCycles(tables), ...radhausNord(tables), ...prairieBikes(tables)];
}
