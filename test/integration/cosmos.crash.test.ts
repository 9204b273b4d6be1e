// SIGKILL at random moments: what was acknowledged is there afterwards, whole and with its ETag.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Container, OperationInput } from '@azure/cosmos';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Cosmos } from '../helpers/cosmos.ts';
import { createRecords, startCosmos } from '../helpers/cosmos.ts';
import { until } from '../helpers/poll.ts';

const rounds = 8;
const chains = 12;
const bulkSize = 50;

let cosmos: Cosmos;
let records: Container;

beforeAll(async () => {
  cosmos = await startCosmos();
  records = await createRecords(cosmos.endpoint);
});

afterAll(async () => {
  await cosmos.stop();
});

const keyOf = (id: string) => ['acme', 'part', id];
const part = (id: string, n: number) => ({ id, dealer_id: 'acme', entity: 'part', n, text: 'x'.repeat(500) });

/** A document that is replaced again and again, each time on condition of the ETag that was last acknowledged. */
interface Chain {
  readonly id: string;
  n: number;
  etag: string;
}

async function replaceUntil(chain: Chain, stopped: () => boolean): Promise<void> {
  while (!stopped()) {
    const accessCondition = { type: 'IfMatch', condition: chain.etag };
    const { etag } = await records
      .item(chain.id, keyOf(chain.id))
      .replace(part(chain.id, chain.n + 1), { accessCondition });
    chain.n += 1;
    chain.etag = etag;
  }
}

async function insertUntil(prefix: string, acknowledged: Map<string, string>, stopped: () => boolean): Promise<void> {
  for (let i = 0; !stopped(); i++) {
    const ids = Array.from({ length: bulkSize }, (_, j) => `${prefix}-${i}-${j}`);
    const operations = ids.map(
      (id): OperationInput => ({ operationType: 'Create', partitionKey: keyOf(id), resourceBody: part(id, 0) }),
    );
    const results = await records.items.bulk(operations);
    for (const [j, { statusCode, eTag }] of results.entries()) {
      const id = ids[j];
      if (statusCode === 201 && id !== undefined && eTag !== undefined) acknowledged.set(id, eTag);
    }
  }
}

test('nothing acknowledged is lost, nothing is done twice', async () => {
  const all: Chain[] = [];
  for (let i = 0; i < chains; i++) {
    const { etag } = await records.items.create(part(`chain-${i}`, 0));
    all.push({ id: `chain-${i}`, n: 0, etag });
  }
  const inserted = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    let killed = false;
    const stopped = () => killed;
    const work = Promise.allSettled([
      ...all.map((chain) => replaceUntil(chain, stopped)),
      insertUntil(`a${round}`, inserted, stopped),
      insertUntil(`b${round}`, inserted, stopped),
    ]);
    const before = inserted.size;
    const started = all.map(({ n }) => n);
    await until('writes flow', () => inserted.size > before && all.every(({ n }, i) => n > (started[i] ?? 0)));
    await sleep(Math.random() * 300);
    await cosmos.kill();
    killed = true;
    await cosmos.restart();
    await work;
    for (const chain of all) {
      const { resource, etag } = await records.item(chain.id, keyOf(chain.id)).read();
      // The write that was under way may have been done, but no more than that one.
      if (resource?.n === chain.n) expect(etag).toBe(chain.etag);
      else expect(resource?.n).toBe(chain.n + 1);
      chain.n = resource?.n;
      chain.etag = etag;
    }
  }
  const query = 'SELECT c.id, c._etag FROM c WHERE c.n = 0';
  const { resources } = await records.items
    .query<{ id: string; _etag: string }>(query, { partitionKey: ['acme', 'part'] })
    .fetchAll();
  const found = new Map(resources.map(({ id, _etag }) => [id, _etag]));
  expect(found.size).toBe(resources.length);
  const lost = [...inserted].filter(([id, etag]) => found.get(id) !== etag);
  expect(lost).toEqual([]);
  // Every bulk request is one transaction: it left all of its documents or none.
  const batches = Map.groupBy(found.keys(), (id) => id.replace(/-\d+$/, ''));
  for (const [batch, ids] of batches) if (!batch.startsWith('chain')) expect(ids).toHaveLength(bulkSize);
});
