import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Hub, startHub } from '../helpers/hub.ts';
import { until } from '../helpers/poll.ts';
import { runsOf, trigger } from '../helpers/pollHub.ts';
import { type RestApi, startRestApi } from '../helpers/restApi.ts';

interface Part {
  readonly no: string;
  readonly text: string;
  readonly changed: string;
}

let hub: Hub;
let api: RestApi;
/** Of the source with a schedule, which runs while the others are tested. */
let timely: RestApi;
let parts: Part[] = [];
const pageSize = 3;

/** Parts in the order of their change, a few a page. */
function answerParts(url: URL, all: readonly Part[] = parts) {
  const page = Number(url.searchParams.get('page') ?? '1');
  const since = url.searchParams.get('since') ?? '';
  const found = all.filter(({ changed }) => changed >= since).sort((a, b) => (a.changed < b.changed ? -1 : 1));
  return { body: { parts: found.slice((page - 1) * pageSize, page * pageSize) } };
}

const source = (more: object = {}, base_url = api.url) => ({
  connector: 'rest',
  settings: { base_url, allow_http: true, networks: ['127.0.0.0/8'] },
  entities: {
    part: {
      mapping: { part_number: 'no', description: 'text' },
      modified: 'changed',
      cursor: { kind: 'timestamp', overlap_seconds: 0 },
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

/** Triggers it until there is a new run: the poll before may still be about to end, and then its runs are answered. */
async function triggered(dealer: string, query = ''): Promise<string> {
  const known = new Set((await runsOf(hub, dealer)).map(({ run_id }) => run_id));
  return await until('a new run', async () => (await trigger(hub, dealer, query))?.find((id) => !known.has(id)));
}

/** Polls once; the run as it was closed. What is known of the source tells of it, too. */
async function polled(dealer: string, query = '') {
  const run = await triggered(dealer, query);
  const closed = await hub.closed(run);
  await until('the poll has ended', async () => {
    const reads: { run_id: string }[] = Object.values((await status(dealer)).entities.part.reads);
    return reads.some(({ run_id }) => run_id === run);
  });
  return closed;
}

async function status(dealer: string) {
  return (await hub.call('GET', `${admin(dealer)}/status`)).body;
}

beforeAll(async () => {
  api = await startRestApi();
  timely = await startRestApi();
  timely.answer = ({ url }) => answerParts(url, [part(1, 1)]);
  hub = await startHub();
  await configured('timely', source({ schedule: { cron: '* * * * *' } }, timely.url));
});
afterAll(async () => {
  await hub.end();
  await Promise.all([api.close(), timely.close()]);
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

test('a source that fails is tried again, then its run fails and the next one goes on', async () => {
  parts = Array.from({ length: 7 }, (_, n) => part(n, n));
  await configured('flaky');
  let failures = 2;
  api.answer = ({ url }) => {
    if (url.searchParams.get('page') === '2' && failures-- > 0) return { status: 503 };
    return answerParts(url);
  };
  expect(await polled('flaky')).toMatchObject({ status: 'succeeded', receipt: { read: 7 } });
  expect((await hub.records('flaky', 'part')).size).toBe(7);
});

test('a credential that is refused parks the source, until it is triggered and works', async () => {
  parts = [part(1, 1)];
  await configured('locked');
  api.answer = () => ({ status: 401 });
  expect(await polled('locked')).toMatchObject({ status: 'failed', errors: [{ code: 'AUTH_FAILED' }] });
  expect(await status('locked')).toMatchObject({ parked: { code: 'AUTH_FAILED', advice: expect.any(String) } });
  api.answer = ({ url }) => answerParts(url);
  expect(await polled('locked')).toMatchObject({ status: 'succeeded' });
  await until('it is not parked any more', async () => (await status('locked')).parked === null);
});

test('a reset reads everything again, and what is sent again wins', async () => {
  parts = [part(1, 1), part(2, 2)];
  await configured('again');
  await polled('again');
  parts = [part(1, 1, 'other'), part(2, 2)];
  expect(await polled('again')).toMatchObject({ receipt: { applied: { updated: 0 } } });
  expect((await hub.call('POST', `${admin('again')}/reset`)).body).toEqual({ entities: ['part'] });
  expect((await status('again')).entities.part.cursor).toBeNull();
  expect(await polled('again')).toMatchObject({ status: 'succeeded', receipt: { read: 2 } });
  expect((await hub.records('again', 'part')).get(':P1').data).toMatchObject({ description: 'other' });
});

test('another mapping reads everything again', async () => {
  parts = [part(1, 1)];
  await configured('remapped');
  await polled('remapped');
  const mapped = source();
  Object.assign(mapped.entities.part.mapping, { class: { const: 'spare' } });
  expect((await hub.call('PUT', admin('remapped'), { body: mapped })).status).toBe(200);
  expect(await polled('remapped')).toMatchObject({ receipt: { read: 1 }, notes: [expect.stringContaining('mapping')] });
  expect((await hub.records('remapped', 'part')).get(':P1').data).toMatchObject({ class: 'spare' });
});

test('what is gone is found by a read of everything', async () => {
  parts = Array.from({ length: 20 }, (_, n) => part(n, n));
  await configured('gone');
  await polled('gone');
  parts = parts.slice(1);
  const run = await polled('gone', '?mode=all');
  expect(run).toMatchObject({ status: 'succeeded', receipt: { read: 19, deletes: 1, applied: { deleted: 1 } } });
  expect((await hub.records('gone', 'part')).size).toBe(19);
});

test('a source is polled once at a time: a second trigger answers the runs of the first, or what it asks for is refused', async () => {
  parts = [part(1, 1)];
  await configured('once');
  let isAsked = false;
  const released = Promise.withResolvers<void>();
  // It is asked, and has no answer before the second trigger has one.
  api.answer = async ({ url }) => {
    isAsked = true;
    await released.promise;
    return answerParts(url);
  };
  const first = await triggered('once');
  await until('it was asked', () => isAsked);
  const reply = await hub.call('POST', `${admin('once')}/trigger`);
  const other = await hub.call('POST', `${admin('once')}/trigger?mode=all`);
  released.resolve();
  expect(other).toMatchObject({ status: 409, body: { run_id: first, detail: expect.stringContaining(first) } });
  expect([reply.status, reply.body]).toEqual([202, { runs: [first] }]);
  expect(await hub.closed(first)).toMatchObject({ status: 'succeeded', receipt: { read: 1 } });
});

test('a check finds what is there', async () => {
  parts = [part(1, 1)];
  await configured('checked');
  expect(await hub.call('POST', `${admin('checked')}/check`)).toMatchObject({ status: 200, body: { ok: true } });
  api.answer = () => ({ status: 401 });
  expect(await hub.call('POST', `${admin('checked')}/check`)).toMatchObject({ status: 200, body: { ok: false } });
});

test('who asks for what is not there is told', async () => {
  await configured('refused', source({ enabled: false }));
  await hub.call('PUT', 'admin/dealers/refused/sources/web', { body: { connector: 'push', entities: { part: {} } } });
  const triggerAt = async (path: string) => (await hub.call('POST', `admin/dealers/${path}/trigger`)).status;
  expect(await triggerAt('refused/sources/dms')).toBe(409);
  expect(await triggerAt('refused/sources/web')).toBe(400);
  expect(await triggerAt('refused/sources/none')).toBe(404);
  expect(await triggerAt('nobody/sources/dms')).toBe(404);
  expect((await hub.call('GET', 'admin/dealers/refused/sources/web/status')).status).toBe(400);
});

test('a schedule starts it', async () => {
  await until('it was polled', async () => (await status('timely')).last_success !== null, 200_000);
  const [first] = (await runsOf(hub, 'timely')).reverse();
  expect(await hub.closed(first.run_id)).toMatchObject({ status: 'succeeded', receipt: { applied: { inserted: 1 } } });
  expect((await hub.records('timely', 'part')).size).toBe(1);
  expect((await status('timely')).next_run).toEqual(expect.any(String));
});
