import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parts, stock, vendors } from '../../examples/adventure-works/dealers/altaCycles.ts';
import { isoTime, orders } from '../../examples/adventure-works/dealers/veloLumiere.ts';
import type { Round } from '../../examples/adventure-works/polled.ts';
import { type RunningSystems, startSystems } from '../../examples/adventure-works/systems.ts';
import { type AdventureWorks, readAdventureWorks } from '../../examples/adventure-works/tables.ts';
import { NaiveStore } from '../../examples/demo/naiveStore.ts';
import type { EntityName } from '../../shared/model/entities.ts';

let folder: string;
let tables: AdventureWorks;
let systems: RunningSystems;
let rounds: Map<string, Round[]>;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-examples-polled-'));
  tables = await readAdventureWorks(path.join(process.cwd(), 'examples', 'adventure-works', 'data'));
  systems = await startSystems({ tables, stackDir: folder, folder: path.join(folder, 'systems') });
  rounds = new Map();
  for (const system of systems.all) rounds.set(system.dealer, await Array.fromAsync(system.rounds()));
});
afterAll(async () => {
  await systems?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** What each round of a dealer does to its records of an entity. */
function effects(dealer: string, entity: EntityName) {
  const store = new NaiveStore();
  return (rounds.get(dealer) ?? []).flatMap(({ polls }) => {
    const poll = polls.find((each) => each.entity === entity);
    if (poll === undefined) return [];
    const said = { entity, kind: 'full', records: poll.records, deletes: [], isCut: false, bad: 0 } as const;
    const { inserted, updated, deleted } = store.take(said);
    return [{ rows: poll.rows, inserted, updated, deleted }];
  });
}

describe('what a round tells is what happens in it', () => {
  test('at the counter', () => {
    expect(effects('alta-cycles', 'part')).toEqual([
      { rows: 504, inserted: 504, updated: 0, deleted: 0 },
      { rows: 505, inserted: 2, updated: 3, deleted: 1 },
    ]);
    expect(effects('alta-cycles', 'part_stock')).toEqual([
      { rows: 1_069, inserted: 1_069, updated: 0, deleted: 0 },
      { rows: 7, inserted: 1, updated: 6, deleted: 0 },
      { rows: 1_067, inserted: 0, updated: 0, deleted: 3 },
    ]);
    expect(effects('alta-cycles', 'supplier').at(-1)).toMatchObject({ inserted: 0, updated: 2, deleted: 0 });
  });

  test('in the workshop', () => {
    expect(effects('velo-lumiere', 'purchase_order').at(-1)).toMatchObject({ inserted: 2, updated: 4, deleted: 1 });
    expect(effects('velo-lumiere', 'part_price').at(-1)).toEqual({ rows: 0, inserted: 0, updated: 0, deleted: 0 });
    expect(effects('velo-lumiere', 'supplier').at(-1)).toEqual({ rows: 2, inserted: 0, updated: 1, deleted: 1 });
  });
});

test('no two rows of a system are one record', () => {
  for (const [dealer, [first]] of rounds) {
    for (const { entity, rows, records } of first?.polls ?? []) {
      expect([dealer, entity, records.size]).toEqual([dealer, entity, rows]);
    }
  }
});

test('secrets are another ones each time, and nowhere in settings', async () => {
  const again = await startSystems({ tables, stackDir: folder, folder: path.join(folder, 'again') });
  await again[Symbol.asyncDispose]();
  for (const [index, { secret, settings }] of systems.all.entries()) {
    expect(secret.name).toBe(again.all[index]?.secret.name);
    expect(secret.value).not.toBe(again.all[index]?.secret.value);
    expect(JSON.stringify(settings)).not.toMatch(/password|secret|token/i);
  }
});

describe('how systems write', () => {
  test('a product, a place, a supplier', () => {
    const [product] = tables.products;
    const [place] = tables.stock;
    const [vendor] = tables.vendors;
    if (product === undefined || place === undefined || vendor === undefined) throw new Error('there is nothing');
    expect(parts.row(product)).toMatchObject({ ProductNumber: 'AR-5381', Color: undefined, State: 'A' });
    expect(parts.record(product)).not.toHaveProperty('extensions');
    expect(stock.record(place)).toEqual({ part_number: 'AR-5381', branch_code: '1', bin: 'A-1', on_hand: 408 });
    expect(vendors.record(vendor)).toMatchObject({ supplier_id: '1492', active: true });
  });

  test('an order, with its supplier and lines within it', () => {
    const [order] = tables.orders;
    if (order === undefined) throw new Error('there are no orders');
    const { lines, supplier } = orders.row(order);
    expect(supplier).toEqual({ id: order.VendorID, name: order.vendor.Name });
    expect(lines).toHaveLength(order.lines.length);
  });

  test('times', () => {
    expect(isoTime('2015-08-12 12:25:46.483000000')).toBe('2015-08-12T12:25:46.483Z');
  });
});
