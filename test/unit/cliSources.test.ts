import { describe, expect, test } from '@jest/globals';
import { fakeRun, startFakeHub } from '../helpers/fakeHub.ts';
import { runAdp } from '../helpers/runAdp.ts';

const at = '/admin/dealers/acme/sources';

describe('adp check', () => {
  const answer = (findings: object[], ok: boolean) => ({ status: 200, body: { ok, findings } });

  test('shows every finding, and that all is well', async () => {
    await using hub = await startFakeHub(() =>
      answer(
        [
          { name: 'login', level: 'ok', detail: 'PostgreSQL 18.4' },
          { name: 'cursor index', level: 'warning', detail: 'no index on changed_at: create one', entity: 'part' },
        ],
        true,
      ),
    );
    const { code, stdout } = await runAdp(['check', 'acme', 'dms'], hub);
    expect(hub.requests).toMatchObject([{ method: 'POST', path: `${at}/dms/check` }]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ok +login +PostgreSQL 18\.4/);
    expect(stdout).toMatch(/warning +cursor index +part +no index on changed_at: create one/);
    expect(stdout).toContain('✓ it can be polled (1 warning)');
  });

  test('exits 1 where the source can not be polled', async () => {
    await using hub = await startFakeHub(() => answer([{ name: 'login', level: 'error', detail: 'refused' }], false));
    const { code, stdout } = await runAdp(['check', 'acme', 'dms'], hub);
    expect(code).toBe(1);
    expect(stdout).toContain('✗ 1 error');
    expect((await runAdp(['check', 'acme', 'dms', '--json'], hub)).code).toBe(1);
  });
});

describe('adp trigger', () => {
  test('names the runs, one a line', async () => {
    await using hub = await startFakeHub(() => ({ status: 202, body: { runs: ['acme.1', 'acme.2'] } }));
    const { code, stdout } = await runAdp(['trigger', 'acme', 'dms', '--entity', 'part', '--mode', 'all'], hub);
    expect(code).toBe(0);
    expect(stdout).toBe('acme.1\nacme.2\n');
    const [request] = hub.requests;
    expect(request).toMatchObject({ method: 'POST', path: `${at}/dms/trigger` });
    expect(Object.fromEntries(request?.query ?? [])).toEqual({ entity: 'part', mode: 'all' });
  });

  test.each([
    ['succeeded', 0],
    ['partial', 1],
  ])('waits for its runs: %s', async (status, expected) => {
    await using hub = await startFakeHub(({ method, path }) =>
      method === 'POST'
        ? { status: 202, body: { runs: ['acme.1'] } }
        : { status: 200, body: fakeRun(path.split('/').at(-1) ?? '', 5, { status }) },
    );
    const { code, stdout } = await runAdp(['trigger', 'acme', 'dms', '--wait'], hub);
    expect(code).toBe(expected);
    expect(stdout).toContain(status);
  });
});

describe('adp status', () => {
  const well = {
    dealer_id: 'acme',
    source_id: 'dms',
    last_success: '2026-11-20T10:00:00.000Z',
    last_error: null,
    parked: null,
    breaker: { state: 'closed', until: null },
    next_run: '2026-11-20T10:15:00.000Z',
    entities: {
      part: {
        cursor: '2026-11-20 09:59:58.123',
        reading: null,
        reads: {
          changes: { run_id: 'acme.1', at: '2026-11-20T10:00:00.000Z', outcome: 'done', counts: { read: 1234 } },
        },
      },
      invoice: { cursor: null, reading: { run_id: 'acme.2', pages: 3, rows: 15_000 }, reads: {} },
    },
  };
  const parked = {
    ...well,
    source_id: 'api',
    parked: { code: 'AUTH_FAILED', detail: 'refused', advice: 'Put another one', since: '2026-11-20T10:01:00.000Z' },
    last_error: { code: 'AUTH_FAILED', detail: 'refused', advice: 'Put another one', at: '2026-11-20T10:01:00.000Z' },
    next_run: null,
  };

  test('shows one source with its entities', async () => {
    await using hub = await startFakeHub(() => ({ status: 200, body: well }));
    const { code, stdout } = await runAdp(['status', 'acme', 'dms'], hub);
    expect(hub.requests).toMatchObject([{ method: 'GET', path: `${at}/dms/status` }]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/state +well/);
    expect(stdout).toMatch(/part +changes +2026-11-20T10:00:00Z +done +1,234 +2026-11-20 09:59:58\.123/);
    expect(stdout).toMatch(/invoice +now +reading +15,000/);
  });

  test('lists those that are polled, and exits 1 where one waits for a person', async () => {
    await using hub = await startFakeHub(({ path }) => {
      if (path === at) {
        const items = ['dms', 'api', 'pushed'].map((source_id, n) => ({
          source_id,
          connector: ['mssql', 'rest', 'push'][n],
        }));
        return { status: 200, body: { items } };
      }
      return { status: 200, body: path.includes('/dms/') ? well : parked };
    });
    const { code, stdout } = await runAdp(['status', 'acme'], hub);
    expect(code).toBe(1);
    expect(stdout).toMatch(/dms +well/);
    expect(stdout).toMatch(/api +parked .*AUTH_FAILED refused/);
    expect(stdout).not.toContain('pushed');
  });

  test('shows of an API how far it was read, and not what the hub keeps besides', async () => {
    const cursor = '{"at":"2026-11-20T09:59:58.953Z","seen":{"etag":"\\"q\\""}}';
    const body = { ...well, entities: { part: { ...well.entities.part, cursor } } };
    await using hub = await startFakeHub(() => ({ status: 200, body }));
    const { stdout } = await runAdp(['status', 'acme', 'dms'], hub);
    expect(stdout).toMatch(/part +changes .* 2026-11-20T09:59:58\.953Z\n/);
  });

  test('a disabled source is not parked but disabled', async () => {
    await using hub = await startFakeHub(() => ({ status: 200, body: { ...parked, enabled: false } }));
    const { code, stdout } = await runAdp(['status', 'acme', 'api'], hub);
    expect(stdout).toMatch(/state +disabled/);
    expect(code).toBe(0);
  });

  test('advises nothing about an error that is over', async () => {
    const last_error = { ...parked.last_error, at: '2026-11-20T09:00:00.000Z' };
    await using hub = await startFakeHub(() => ({ status: 200, body: { ...well, last_error } }));
    const { stdout } = await runAdp(['status', 'acme', 'dms'], hub);
    expect(stdout).toMatch(/an earlier error +2026-11-20T09:00:00Z +AUTH_FAILED +refused/);
    expect(stdout).not.toContain('what to do');
  });

  test('a read of a parked source is under way no more', async () => {
    await using hub = await startFakeHub(() => ({ status: 200, body: parked }));
    const { stdout } = await runAdp(['status', 'acme', 'api'], hub);
    expect(stdout).toMatch(/invoice +– +cut off +15,000/);
  });

  test('says what to do about a parked source', async () => {
    await using hub = await startFakeHub(() => ({ status: 200, body: parked }));
    const { code, stdout } = await runAdp(['status', 'acme', 'api'], hub);
    expect(code).toBe(1);
    expect(stdout).toMatch(/what to do +Put another one/);
  });
});
