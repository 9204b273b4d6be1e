import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { type RestApi, startRestApi } from '../helpers/restApi.ts';

interface Part {
  readonly no: string;
  readonly text: string;
  readonly changed: string;
}

let hub: Hub;
let api: RestApi;
let parts: Part[] = [];
const pageSize = 3;

/** Parts in the order of their change, a few a page. */
function answerParts(url: URL) {
  const page = Number(url.searchParams.get('page') ?? '1');
  const since = url.searchParams.get('since') ?? '';
  const found = parts.filter(({ changed }) => changed >= since).sort((a, b) => (a.changed < b.changed ? -1 : 1));
  return { body: { parts: found.slice((page - 1) * pageSize, page * pageSize) } };
}

const source = (more: object = {}, cursor: object = {}) => ({
  connector: 'rest',
  settings: { base_url: api.url, allow_http: true, networks: ['127.0.0.0/8'] },
  entities: {
    part: {
      mapping: { part_number: 'no', description: 'text' },
      modified: 'changed',
      cursor: { kind: 'timestamp', overlap_seconds: 0, ...cursor },
      settings: {
        path: '/parts',
        records: 'parts',
        pagination: { kind: 'page', param: 'page', size: pageSize },
        incremental: { param: 'since' },
      },
    },
  },
  ...more,
});

const admin = (dealer: string) => `admin/dealers/${dealer}/sources/dms`;
const part = (n: number, minute: number, text = `part ${n}`): Part => ({
  no: `P${n}`,
  text,
  changed: new Date(Date.parse('2026-11-01T00:00:00Z') + minute * 60_000).toISOString(),
});

async function configured(dealer: string, body: object = source()): Promise<void> {
  await hub.dealer(dealer);
  const saved = await hub.call('PUT', admin(dealer), { body });
  expect([saved.status, saved.body]).toEqual([201, expect.anything()]);
}

async function triggered(dealer: string, query = ''): Promise<string[]> {
  const reply = await hub.call('POST', `${admin(dealer)}/trigger${query}`);
  expect([reply.status, reply.body]).toEqual([202, { runs: [expect.any(String)] }]);
  return reply.body.runs;
}

/** Polls once; the run as it was closed. */
async function polled(dealer: string, query = '') {
  const [run = ''] = await triggered(dealer, query);
  const closed = await hub.closed(run);
  await idle(dealer);
  return closed;
}

async function status(dealer: string) {
  return (await hub.call('GET', `${admin(dealer)}/status`)).body;
}

/** Until the poll's own end is known, which may be a little after its runs are closed. */
async function idle(dealer: string): Promise<void> {
  let last = '';
  await until('the poll has ended', async () => {
    const { last_success, last_error } = await status(dealer);
    const now = JSON.stringify([last_success, last_error]);
    if (last_success === null && last_error === null) return false;
    const isSame = now === last;
    last = now;
    return isSame;
  });
}

beforeAll(async () => {
  api = await startRestApi();
  hub = await startHub();
});
afterAll(async () => {
  await hub.end();
  await api.close();
});
beforeEach(() => {
  parts = [];
  api.answer = ({ url }) => answerParts(url);
});

test('a source is read to its end, then only what has changed', async () => {
  parts = Array.from({ length: 10 }, (_, n) => part(n, n));
  await configured('acme');
  const first = await polled('acme');
  expect(first).toMatchObject({
    door: 'poll',
    source_id: 'dms',
    entity: 'part',
    status: 'succeeded',
    receipt: { read: 10, upserts: 10, applied: { inserted: 10 }, balanced: true },
  });
  expect((await hub.records('acme', 'part')).size).toBe(10);

  parts = [...parts.slice(0, 9), part(9, 20, 'changed'), part(10, 21)];
  const second = await polled('acme');
  expect(second).toMatchObject({ status: 'succeeded', receipt: { applied: { inserted: 1, updated: 1 } } });
  expect(second.receipt.read).toBeLessThan(5);
  expect(second.cursor.from).toEqual(expect.any(String));
  expect((await hub.records('acme', 'part')).get(':P9').data).toMatchObject({ description: 'changed' });
  expect(await status('acme')).toMatchObject({
    last_success: expect.any(String),
    last_error: null,
    parked: null,
    breaker: { state: 'closed' },
    next_run: null,
    entities: { part: { cursor: expect.any(String), reading: null, reads: { changes: { outcome: 'done' } } } },
  });
});
