// Faults on purpose, and what the unmodified SDK makes of them: the writer's own retries rest on these facts.
import type { Container, OperationInput, OperationResponse } from '@azure/cosmos';
import { CosmosClient } from '@azure/cosmos';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Cosmos } from '../helpers/cosmos.ts';
import { cosmosKey, createRecords, startCosmos } from '../helpers/cosmos.ts';
import { until } from '../helpers/poll.ts';

let cosmos: Cosmos;
let client: CosmosClient;
let records: Container;

beforeAll(async () => {
  cosmos = await startCosmos();
  await createRecords(cosmos.endpoint);
  client = new CosmosClient({ endpoint: cosmos.endpoint, key: cosmosKey });
  records = client.database('adp').container('records');
});

afterEach(async () => {
  await cosmos.setFaults(undefined);
});

afterAll(async () => {
  client.dispose();
  await cosmos.stop();
});

const keyOf = (id: string) => ['acme', 'part', id];
const part = (id: string) => ({ id, dealer_id: 'acme', entity: 'part' });
const upsert = (id: string): OperationInput => ({
  operationType: 'Upsert',
  partitionKey: keyOf(id),
  resourceBody: part(id),
});
const upserts = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => upsert(`${prefix}-${i}`));
const statuses = async (prefix: string, requests: number) => {
  const seen: number[] = [];
  for (let i = 0; i < requests; i++) {
    const one = await records.items.bulk([upsert(`${prefix}-${i}`)]).then(
      ([result]) => result?.statusCode ?? 0,
      (error: Error) => (error.cause as { code: number }).code,
    );
    seen.push(one);
  }
  return seen;
};
const share = (of: number, among: readonly number[]) => among.filter((one) => one === of).length / among.length;

describe('injection', () => {
  test('comes at the rates that were asked for', async () => {
    await cosmos.setFaults({ rate503: 0.2, seed: 3 });
    expect(share(503, await statuses('rate', 300))).toBeCloseTo(0.2, 1);
    await cosmos.setFaults({ rate429: 0.3, seed: 3 });
    const results: OperationResponse[] = [];
    // One after the other: which of them draws what would otherwise be chance.
    for (let i = 0; i < 10; i++) {
      results.push(...(await records.items.bulk(upserts(`op${i}`, 100)).catch(() => [])));
    }
    const throttled = results.filter(({ statusCode }) => statusCode === 429);
    expect(throttled.length / results.length).toBeCloseTo(0.3, 1);
    for (const one of throttled)
      expect(one).toMatchObject({ retryAfterMilliseconds: expect.any(Number), subStatusCode: 3200 });
  });

  test('is the same for the same seed, another for another', async () => {
    await statuses('seeded', 40);
    const runs: number[][] = [];
    for (const seed of [5, 5, 6]) {
      await cosmos.setFaults({ rate429: 0.2, rate503: 0.1, seed });
      runs.push(await statuses('seeded', 40));
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).not.toEqual(runs[0]);
  });

  test('a 429 has changed nothing; every other 503 comes after the write was done', async () => {
    await cosmos.setFaults({ rate503: 1 });
    await statuses('unsure', 10);
    await cosmos.setFaults({ rate429: 1 });
    await statuses('unchanged', 5);
    await cosmos.setFaults(undefined);
    const { resources } = await records.items
      .query("SELECT VALUE c.id FROM c WHERE STARTSWITH(c.id, 'un')", { partitionKey: ['acme', 'part'] })
      .fetchAll();
    expect(resources).toEqual([1, 3, 5, 7, 9].map((i) => `unsure-${i}`));
  });

  test('spares the account, databases, containers and ranges', async () => {
    await cosmos.setFaults({ rate429: 1, rate503: 1 });
    expect((await client.getDatabaseAccount()).statusCode).toBe(200);
    expect((await createRecords(cosmos.endpoint)).id).toBe('records');
    expect(await records.getFeedRanges()).toHaveLength(1);
  });

  test('delays what is asked of documents', async () => {
    await cosmos.setFaults({ latencyMs: 150 });
    const start = performance.now();
    await records.items.upsert(part('late'));
    expect(performance.now() - start).toBeGreaterThanOrEqual(150);
  });

  test.each([{ rate429: 2 }, { rate404: 0.1 }, { seed: -1 }])('%j is refused', async (settings) => {
    await expect(cosmos.setFaults(settings as Record<string, number>)).rejects.toThrow(/400/);
  });
});

describe('the SDK', () => {
  test('gets over throttling in executeBulkOperations by itself', async () => {
    // It gives an operation up that is throttled ten times: at 0.2 of requests and operations, one run in a hundred.
    await cosmos.setFaults({ rate429: 0.05 });
    const outcomes = await records.items.executeBulkOperations(upserts('patient', 300));
    expect(outcomes.filter(({ response }) => response?.statusCode === 201)).toHaveLength(300);
  });

  test('hands on a 503 of a write after one try, in executeBulkOperations as each one’s error', async () => {
    await cosmos.setFaults({ rate503: 1 });
    await expect(records.items.upsert(part('failing'))).rejects.toMatchObject({ code: 503 });
    const outcomes = await records.items.executeBulkOperations(upserts('failing', 3));
    expect(outcomes.map(({ error }) => error?.code)).toEqual([503, 503, 503]);
  });

  test('hands on what bulk was answered, and throws where the whole request failed', async () => {
    await cosmos.setFaults({ rate503: 1 });
    await expect(records.items.bulk(upserts('thrown', 3))).rejects.toMatchObject({ cause: { code: 503 } });
  });

  test('takes a second for any executeBulkOperations, where the older bulk takes none', async () => {
    const tookMs = async (write: () => Promise<unknown>) => {
      const start = performance.now();
      await write();
      return performance.now() - start;
    };
    expect(await tookMs(() => records.items.executeBulkOperations([upsert('slow')]))).toBeGreaterThan(900);
    // A busy machine may hold any of them up, but not all.
    await until('a quick one', async () => (await tookMs(() => records.items.bulk([upsert('quick')]))) < 500);
  });
});
