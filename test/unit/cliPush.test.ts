import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type FakeAnswer, type FakeRequest, fakeRun, startFakeHub } from '../helpers/fakeHub.ts';
import { runAdp } from '../helpers/runAdp.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-push-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function writeRows(name: string, count: number): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, Array.from({ length: count }, (_, row) => `{"part_number":"P${row}"}\n`).join(''));
  return file;
}

/** A hub that takes every batch once, answers a repeated key as before, and closes its run on the second look. */
function takingHub(rejectedIn: (request: FakeRequest) => number = () => 0): (request: FakeRequest) => FakeAnswer {
  const byKey = new Map<string, { id: string; rows: number; rejected: number; looks: number }>();
  return (request) => {
    if (request.method === 'POST') {
      const key = String(request.headers['idempotency-key']);
      const rows = request.body.trim().split('\n').length;
      const held = byKey.get(key) ?? { id: `acme.${byKey.size}`, rows, rejected: rejectedIn(request), looks: 0 };
      byKey.set(key, held);
      const errors =
        held.rejected > 0 ? [{ index: 1, field: 'on_hand', code: 'DATA_ERROR', detail: 'is no number' }] : [];
      return {
        status: held.rejected === rows ? 422 : 202,
        body: {
          run_id: held.id,
          status: 'running',
          received: rows,
          accepted: rows - held.rejected,
          rejected: held.rejected,
          errors,
        },
      };
    }
    const held = [...byKey.values()].find(({ id }) => request.path === `/runs/${id}`);
    if (held === undefined) return { status: 404, body: { title: 'Not found' } };
    held.looks++;
    const status = held.looks === 1 ? { status: 'running' } : {};
    return { status: 200, body: fakeRun(held.id, held.rows, { rejected: held.rejected, ...status }) };
  };
}

test('a file goes in batches, each with a key of its own; the receipt is their sum', async () => {
  const file = await writeRows('parts.ndjson', 25);
  await using hub = await startFakeHub(takingHub());
  const argv = ['push', 'acme', 'part', file, '--rows-per-batch', '10', '--source', 'dms'];
  const { code, stdout, stderr } = await runAdp(argv, hub);
  const posts = hub.requests.filter(({ method }) => method === 'POST');
  expect(posts.map(({ path: at, query }) => `${at}?${query}`)).toEqual(
    Array(3).fill('/dealers/acme/part/batches?source=dms'),
  );
  expect(posts.every(({ headers }) => headers['content-type'] === 'application/x-ndjson')).toBe(true);
  expect(new Set(posts.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
  expect(stdout).toContain('25 rows of');
  expect(stdout).toMatch(/inserted +25/);
  expect(stdout).toContain('3 runs: 3 succeeded, balanced');
  expect(stderr).toBe('');
  expect(code).toBe(0);
});

test('the same file again has the same keys, changed content or another prefix has others', async () => {
  const file = await writeRows('again.ndjson', 3);
  await using hub = await startFakeHub(takingHub());
  const keyOf = async (...more: string[]) => {
    await runAdp(['push', 'acme', 'part', file, '--no-wait', ...more], hub);
    return hub.requests.at(-1)?.headers['idempotency-key'];
  };
  const first = await keyOf();
  expect(await keyOf()).toBe(first);
  expect(await keyOf('--rows-per-batch', '7')).not.toBe(first);
  expect(await keyOf('--idempotency-prefix', 'mine')).toBe('mine-0');
  await writeRows('again.ndjson', 4);
  expect(await keyOf()).not.toBe(first);
});

test('rejected rows are shown with the line of the file, and make it fail', async () => {
  const file = await writeRows('bad.ndjson', 20);
  await using hub = await startFakeHub(takingHub(({ body }) => (body.includes('"P10"') ? 1 : 0)));
  const { code, stdout } = await runAdp(['push', 'acme', 'part', file, '--rows-per-batch', '10'], hub);
  expect(stdout).toContain('1 row rejected:\n  line 12  on_hand  DATA_ERROR  is no number\n');
  expect(stdout).toContain('adp quarantine acme');
  expect(stdout).toContain('1 partial');
  expect(code).toBe(1);
});

test('a batch without a valid row (422) has a run too, and the others go on', async () => {
  const file = await writeRows('worse.ndjson', 4);
  await using hub = await startFakeHub(takingHub(({ body }) => (body.includes('"P0"') ? 2 : 0)));
  const { code, stdout } = await runAdp(['push', 'acme', 'part', file, '--rows-per-batch', '2', '--json'], hub);
  expect(JSON.parse(stdout)).toMatchObject({
    batches: 2,
    received: 4,
    accepted: 2,
    rejected: 2,
    batches_taken_before: 0,
    receipt: { read: 4, rejected: 2, applied: { inserted: 2 }, balanced: true },
  });
  expect(code).toBe(1);
});

test('a batch that is refused stops the push, and says what the hub has', async () => {
  const file = await writeRows('refused.ndjson', 50);
  const taking = takingHub();
  await using hub = await startFakeHub((request) =>
    request.body.includes('"P20"')
      ? { status: 413, body: { title: 'Too large', code: 'DATA_ERROR' } }
      : taking(request),
  );
  const argv = ['push', 'acme', 'part', file, '--rows-per-batch', '10', '--concurrency', '1'];
  const { code, stdout, stderr } = await runAdp(argv, hub);
  expect(stderr).toMatch(/413 DATA_ERROR, Too large\nThe hub took 2 of the batches before; run the same command again/);
  expect(stdout).toBe('');
  expect(hub.requests).toHaveLength(3);
  expect(code).toBe(1);
});

test('a lost connection is not a lost batch', async () => {
  const file = await writeRows('lost.ndjson', 30);
  const taking = takingHub();
  let lost = 0;
  await using hub = await startFakeHub((request) => {
    const answer = taking(request);
    return request.body.includes('"P10"') && lost++ === 0 ? { status: 0, hangUp: true } : answer;
  });
  const { code, stdout } = await runAdp(['push', 'acme', 'part', file, '--rows-per-batch', '10', '--json'], hub);
  expect(JSON.parse(stdout)).toMatchObject({ batches: 3, received: 30, receipt: { read: 30 } });
  expect(code).toBe(0);
});

test('standard input is pushed too', async () => {
  await using hub = await startFakeHub(takingHub());
  const stdin = 'id,name\n1,a\n2,b\n';
  const argv = ['push', 'acme', 'part', '-', '--type', 'csv', '--rows-per-batch', '1', '--no-wait'];
  const { code } = await runAdp(argv, { baseUrl: hub.baseUrl, stdin });
  expect(hub.requests.map(({ body }) => body).sort()).toEqual(['id,name\n1,a\n', 'id,name\n2,b\n']);
  expect(code).toBe(0);
});

test('a run that ends otherwise than well makes the push fail', async () => {
  const file = await writeRows('suspect.ndjson', 2);
  const taking = takingHub();
  await using hub = await startFakeHub((request) =>
    request.method === 'GET' ? { status: 200, body: fakeRun('acme.0', 2, { status: 'suspect' }) } : taking(request),
  );
  const { code, stdout } = await runAdp(['push', 'acme', 'part', file], hub);
  expect(stdout).toContain('acme.0  suspect');
  expect(code).toBe(1);
});

test('says when the hub had taken the file before', async () => {
  const file = await writeRows('before.ndjson', 2);
  const taking = takingHub();
  const startedAt = new Date(Date.now() - 60_000).toISOString();
  await using hub = await startFakeHub((request) =>
    request.method === 'GET' ? { status: 200, body: fakeRun('acme.0', 2, { startedAt }) } : taking(request),
  );
  const { code, stdout } = await runAdp(['push', 'acme', 'part', file], hub);
  expect(stdout).toContain('1 batch taken before and not applied again');
  expect(code).toBe(0);
});

test('a file that is not there is named', async () => {
  const { code, stderr } = await runAdp(['push', 'acme', 'part', 'nowhere.csv'], { baseUrl: 'http://127.0.0.1:9' });
  expect(stderr).toContain("can't read nowhere.csv");
  expect(code).toBe(1);
});

test('an interruption ends with 130', async () => {
  const file = await writeRows('interrupted.ndjson', 2);
  const interrupted = new AbortController();
  await using hub = await startFakeHub(() => {
    interrupted.abort();
    return new Promise<FakeAnswer>(() => {});
  });
  const { code, stderr } = await runAdp(['push', 'acme', 'part', file], {
    baseUrl: hub.baseUrl,
    signal: interrupted.signal,
  });
  expect(stderr).toBe('interrupted\n');
  expect(code).toBe(130);
});
