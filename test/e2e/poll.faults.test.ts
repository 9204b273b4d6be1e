import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type DmsApi, startDmsApi } from '../../examples/dmsApi/dmsApi.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';

let hub: Hub;
const apis: DmsApi[] = [];
beforeAll(async () => {
  hub = await startHub();
});
afterAll(async () => {
  await hub.end();
  await Promise.all(apis.map((api) => api.close()));
});

const parts = Array.from({ length: 25 }, (_, n) => ({
  id: `P${String(n).padStart(3, '0')}`,
  name: `part ${n}`,
  updated_at: new Date(Date.UTC(2026, 0, 1) + n * 3_600_000).toISOString(),
}));

const byOffset = {
  path: '/offset/parts',
  records: 'items',
  pagination: { kind: 'offset', param: 'offset', size_param: 'limit', size: 5 },
  incremental: { param: 'updated_since' },
  total: { path: 'total' },
};

/** A dealer whose DMS has an API of its own. */
async function dealerWith(
  dealer: string,
  settings: object,
  more: { entity?: object; settings?: object } = {},
): Promise<DmsApi> {
  const api = await startDmsApi({ resources: { parts: { key: 'id', rows: parts } } });
  apis.push(api);
  await hub.dealer(dealer);
  const body = {
    connector: 'rest',
    settings: { base_url: api.url, allow_http: true, networks: ['127.0.0.0/8'], ...more.settings },
    entities: {
      part: {
        mapping: { part_number: 'id', description: 'name' },
        modified: 'updated_at',
        settings,
        ...more.entity,
      },
    },
  };
  const saved = await hub.call('PUT', `admin/dealers/${dealer}/sources/dms`, { body });
  expect([saved.status, saved.body]).toEqual([201, expect.anything()]);
  return api;
}

/** A new run of the source, once it is closed. */
async function polled(dealer: string) {
  const seen = (await hub.call('GET', `dealers/${dealer}/runs`)).body.items.map(
    ({ run_id }: { run_id: string }) => run_id,
  );
  const run = await until('a new run', async () => {
    const { body } = await hub.call('POST', `admin/dealers/${dealer}/sources/dms/trigger`);
    return body.runs?.find((one: string) => !seen.includes(one));
  });
  return await hub.closed(run);
}

async function namesHeld(dealer: string): Promise<string[]> {
  const records = await hub.records(dealer, 'part');
  return [...records.values()].map(({ data }) => data.description).sort();
}

const names = parts.map(({ name }) => name).sort();

test('an API that refuses, fails, cuts its answers short and moves its rows is read without a loss', async () => {
  const api = await dealerWith('stormy', byOffset);
  api.faults.add({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '1' } }, after: 1 });
  api.faults.add({ fault: { kind: 'shifted', rows: 3 } });
  api.faults.add({ fault: { kind: 'truncated', quietly: true } });
  api.faults.add({ fault: { kind: 'truncated' } });
  api.faults.add({ fault: { kind: 'status', status: 500 } });
  api.faults.add({ fault: { kind: 'shifted', rows: -2 }, after: 1 });
  api.faults.add({ fault: { kind: 'dropped' } });
  const run = await polled('stormy');
  expect(run).toMatchObject({
    status: 'succeeded',
    receipt: { balanced: true, rejected: 0, applied: { inserted: 25 } },
  });
  expect(await namesHeld('stormy')).toEqual(names);
  const statuses = api.requests.map(({ status }) => status);
  expect(statuses).toEqual(expect.arrayContaining([429, 500]));

  api.resource('parts').put({ id: 'P003', name: 'changed', updated_at: '2026-02-01T00:00:00.000Z' });
  const next = await polled('stormy');
  expect(next).toMatchObject({ status: 'succeeded', receipt: { applied: { updated: 1, inserted: 0 } } });
  expect(next.receipt.read).toBeLessThan(4);
});

test.each([
  ['loops', { kind: 'looping' }, /circle/],
  ['login', { kind: 'html' }, /web page.*Log in/],
] as const)(
  'an API that answers what can not be read parks the source, and says why: %s',
  async (dealer, fault, said) => {
    const api = await dealerWith(dealer, {
      path: '/cursor/parts',
      records: 'data',
      pagination: { kind: 'cursor', from: 'meta.next_cursor', param: 'cursor', size_param: 'limit', size: 5 },
      incremental: { param: 'updated_since' },
    });
    api.faults.add({ fault, after: 2, times: 100 });
    const run = await polled(dealer);
    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ code: 'DATA_ERROR', detail: expect.stringMatching(said) }],
    });
    const { parked } = await until('the source is parked', async () => {
      const { body } = await hub.call('GET', `admin/dealers/${dealer}/sources/dms/status`);
      return body.parked === null ? undefined : body;
    });
    expect(parked).toMatchObject({ code: 'DATA_ERROR' });
    // A run that failed doesn't wait for what was read before. The cursor is not there: once it is mended, all is read again.
    await until('what was read before is there', async () => (await namesHeld(dealer)).length >= 10);
    api.faults.clear();
    expect(await polled(dealer)).toMatchObject({ status: 'succeeded', receipt: { read: 25 } });
    expect(await namesHeld(dealer)).toEqual(names);
  },
);

test('what has not changed costs one request, and nothing is taken for gone', async () => {
  const full = { cursor: { kind: 'full' } };
  const api = await dealerWith(
    'cached',
    { path: '/all/parts' },
    { entity: full, settings: { cache: { validators: true } } },
  );
  expect(await polled('cached')).toMatchObject({ status: 'succeeded', receipt: { applied: { inserted: 25 } } });
  const asked = api.requests.length;
  expect(await polled('cached')).toMatchObject({ status: 'succeeded', receipt: { read: 0, deletes: 0 } });
  expect(api.requests.slice(asked).map(({ status }) => status)).toEqual([304]);
  api.resource('parts').remove('P010');
  expect(await polled('cached')).toMatchObject({ status: 'succeeded', receipt: { applied: { deleted: 1 } } });
  expect(await namesHeld('cached')).toEqual(names.filter((name) => name !== 'part 10'));
});
