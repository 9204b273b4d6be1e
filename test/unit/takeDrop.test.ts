import { beforeEach, describe, expect, test } from '@jest/globals';
import { AdpError } from '../../shared/errors.ts';
import { namePattern } from '../../shared/sync/drops/namePattern.ts';
import { sweepDrops } from '../../shared/sync/drops/sweepDrops.ts';
import { takeDrop } from '../../shared/sync/drops/takeDrop.ts';
import { testArrivals } from '../helpers/arrivals.ts';
import { until } from '../helpers/poll.ts';

let door: ReturnType<typeof testArrivals>;

beforeEach(() => {
  door = testArrivals();
});

const delta = 'acme/acme_part_stock_2026_01_31_11_00_00.csv';
const full = 'acme/acme_part_stock.csv';
const dated = 'acme/STOCK_2026_01_31_11_00_00.csv';
const datedNames = [namePattern('STOCK_{yyyy_MM_dd_HH_mm_ss}.csv', 'full')];
const rows = 'part_number,on_hand\nA,1\nB,2\n';

const take = (path = delta) => takeDrop(path, door.deps);
const outage = () => {
  throw new AdpError('NETWORK_ERROR', 'Blob storage does not answer.');
};

/** What a sweep sends, with the ids of its messages. */
async function sweep(settled = new Set<string>()): Promise<[path: string, id: string][]> {
  const sent: [string, string][] = [];
  const { drops, ledger, clock } = door;
  const send = async (path: string, id: string) => void sent.push([path, id]);
  await sweepDrops({ drops, ledger, clock, triggerMaxBytes: 1_000, send, settled });
  return sent;
}
const swept = async () => (await sweep()).map(([path]) => path);

describe('an arrival', () => {
  test('is taken once, whoever tells of it and however often', async () => {
    door.drops.put(delta, rows);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => take()));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(await take()).toBe('nothing to do');
    expect(door.delivered).toHaveLength(1);
    expect(await door.runs()).toHaveLength(1);
  });

  test('of a full snapshot is handed over with its run, which stays open', async () => {
    const blob = door.drops.put(full, rows);
    expect(await take(full)).toBe('done');
    const [run] = await door.runs();
    expect(run).toMatchObject({ status: 'running', entity: 'part_stock', file: { path: full, bytes: rows.length } });
    expect(door.diffs).toEqual([
      {
        run_id: run?.runId,
        dealer_id: 'acme',
        entity: 'part_stock',
        source_id: null,
        drop: {
          path: full,
          etag: blob.etag,
          snapshot: expect.any(String),
          bytes: rows.length,
          name: 'acme_part_stock.csv',
        },
        captured: '2026-01-31T12:00:00.000000000Z',
      },
    ]);
  });

  test("of a full snapshot has a captured that never goes back, whatever its file's time", async () => {
    door.drops.put(full, rows);
    await take(full);
    door.drops.put(full, `${rows}C,3\n`, new Date(door.clock() - 60_000));
    await take(full);
    expect(door.diffs[1]?.captured).toBe('2026-01-31T12:00:00.000000001Z');
  });

  test.each([
    ['delta', delta, () => door.delivered.map(({ changes }) => changes.map(({ version }) => version))],
    ['full snapshot whose name has a time', dated, () => door.diffs.map(({ captured }) => [captured])],
  ])('of a %s that was corrected under its name wins over what it said before, whatever moved in it', async (...by) => {
    const [, path, versions] = by;
    door.settings.names = datedNames;
    for (const content of [rows, 'part_number,on_hand\nB,3\n', rows]) {
      door.drops.put(path, content);
      await take(path);
      door.clock.move(60_000);
    }
    const [first = [], second = [], third = []] = versions();
    const least = (some: readonly string[]) => some.toSorted()[0] ?? '';
    const most = (some: readonly string[]) => some.toSorted().at(-1) ?? '';
    expect(most(first) < least(second)).toBe(true);
    expect(most(second) < least(third)).toBe(true);
    // Not so much that it passes what the next second brings.
    expect(most([...first, ...second, ...third]).includes('2026-01-31T11:00:00.')).toBe(true);
  });

  test('that is replaced while it is sent is not what its path brought last', async () => {
    const { deliver } = door.deps;
    const replaced = {
      ...door.deps,
      deliver: async (...sent: Parameters<typeof deliver>) => {
        door.drops.put(delta, 'part_number,on_hand\nB,3\n');
        await take();
        return await deliver(...sent);
      },
    };
    door.drops.put(delta, rows);
    expect(await takeDrop(delta, replaced)).toBe('done');
    door.drops.put(delta, rows);
    expect(await take()).toBe('done');
    const versions = door.delivered.map(({ changes }) => changes.at(-1)?.version ?? '');
    expect(versions).toHaveLength(3);
    expect(versions.toSorted().at(-1)).toBe(versions[2]);
  });

  test('ahead of its time is captured when it came, and the run says so', async () => {
    door.drops.put('acme/acme_part_stock_2026_02_01_12_00_00.csv', rows);
    await take('acme/acme_part_stock_2026_02_01_12_00_00.csv');
    expect(door.delivered[0]?.changes[0]?.version).toContain('|2026-01-31T12:00:00.000000000Z|');
    expect((await door.runs())[0]?.notes).toContainEqual(expect.stringMatching(/Is the zone right/));
  });

  test('that was replaced before it was frozen is left to the next', async () => {
    door.drops.put(delta, rows);
    door.drops.before = (call) => {
      if (call !== 'freeze') return;
      door.drops.before = () => {};
      door.drops.put(delta, `${rows}C,3\n`);
    };
    expect(await take()).toBe('done');
    expect(await door.runs()).toEqual([]);
    expect(await take()).toBe('done');
    expect(door.delivered[0]?.changes).toHaveLength(3);
  });

  test('with the content that was taken last is taken again, once, where another was begun under its name since', async () => {
    door.drops.put(delta, rows);
    await take();
    // It dies once some of it is sent.
    const { deliver } = door.deps;
    const dying = {
      ...door.deps,
      deliver: async (...sent: Parameters<typeof deliver>) => {
        await deliver(...sent);
        return await new Promise<never>(() => {});
      },
    };
    door.drops.put(delta, 'part_number,on_hand\nB,3\n');
    void takeDrop(delta, dying);
    await until('some of it is sent', () => door.delivered.length === 2);
    for (let i = 0; i < 3; i++) {
      door.drops.put(delta, rows);
      expect(await take()).toBe('done');
    }
    const [, other, ...again] = door.delivered;
    expect(again).toHaveLength(1);
    const versionOfB = (sent = other) => sent?.changes.find(({ id }) => id.startsWith('B'))?.version ?? '';
    expect(versionOfB(again[0]) > versionOfB()).toBe(true);
  });

  test('with the same content again does nothing, after a reset everything', async () => {
    door.drops.put(delta, rows);
    await take();
    door.drops.put(delta, rows);
    await take();
    expect(door.delivered).toHaveLength(1);
    await door.stamps.raiseEpoch('acme', 'part_stock');
    door.drops.put(delta, rows);
    await take();
    expect(door.delivered).toHaveLength(2);
  });
});

describe('bad rows', () => {
  const withBad = (bad: number) =>
    ['part_number,on_hand', ...Array.from({ length: 10 }, (_, i) => `P-${i},${i < bad ? 'many' : i}`), ''].join('\n');

  test('up to a fifth of a delta are left out', async () => {
    door.drops.put(delta, withBad(2));
    expect(await take()).toBe('done');
    expect(door.delivered[0]?.changes).toHaveLength(8);
  });

  test('more of them park it: nothing is sent, and the run shows them', async () => {
    door.drops.put(delta, withBad(3));
    expect(await take()).toBe('failed');
    expect(door.delivered).toEqual([]);
    const [run] = await door.runs();
    expect(run).toMatchObject({
      status: 'failed',
      errors: [{ detail: expect.stringMatching(/^3 of 10 rows/) }, { row: 2 }, {}, {}],
    });
  });
});

describe('what may pass', () => {
  test('is tried again with the same run, and ends well', async () => {
    door.drops.put(delta, rows);
    door.drops.before = (call) => {
      if (call === 'stream') outage();
    };
    expect(await take()).toBe('later');
    expect(await take()).toBe('nothing to do');
    expect(await swept()).toEqual([]);
    door.drops.before = () => {};
    door.clock.move(5_000);
    expect(await swept()).toEqual([delta]);
    expect(await take()).toBe('done');
    const runs = await door.runs();
    expect(runs).toMatchObject([{ sealed: { segments: [{ attempt: 2, messages: 1 }] } }]);
    expect(door.delivered).toMatchObject([{ attempt: 2 }]);
  });

  test('and does not, ends after five failures as one failed run with the reason', async () => {
    door.drops.put(delta, rows);
    door.drops.before = (call) => {
      if (call === 'stream') outage();
    };
    const outcomes = [];
    for (let i = 0; i < 5; i++) {
      outcomes.push(await take());
      door.clock.move(3_600_000);
    }
    expect(outcomes).toEqual(['later', 'later', 'later', 'later', 'failed']);
    expect(await door.runs()).toMatchObject([
      {
        status: 'failed',
        errors: [{ code: 'NETWORK_ERROR', detail: expect.stringMatching(/failed 5 times.*Blob storage/) }],
      },
    ]);
    expect(await swept()).toEqual([]);
  });

  test('a bug counts as a failure too, and never shows itself to a dealer', async () => {
    door.drops.put(delta, rows);
    door.drops.before = (call) => {
      if (call === 'stream') throw new TypeError('secret');
    };
    for (let i = 0; i < 5; i++) {
      await take();
      door.clock.move(3_600_000);
    }
    const [run] = await door.runs();
    expect(run).toMatchObject({ status: 'failed', errors: [{ code: 'INTERNAL' }] });
    expect(JSON.stringify(run)).not.toContain('secret');
    expect(door.failures).toHaveLength(5);
  });

  test('a process that dies leaves its lease, which is taken over with the same stamp', async () => {
    door.drops.put(delta, rows);
    // It dies once everything is sent: nothing of it is noted.
    const { deliver } = door.deps;
    const dying = {
      ...door.deps,
      deliver: async (...sent: Parameters<typeof deliver>) => {
        await deliver(...sent);
        return await new Promise<never>(() => {});
      },
    };
    void takeDrop(delta, dying);
    await until('it is sent', () => door.delivered.length === 1);
    expect(await take()).toBe('nothing to do');
    door.clock.move(31_000);
    expect(await take()).toBe('done');
    const [first, second] = door.delivered;
    expect(second?.attempt).toBe(2);
    expect(second?.changes).toEqual(first?.changes);
    expect(await door.runs()).toMatchObject([{ sealed: { segments: [{ attempt: 2 }] } }]);
  });

  test('a file over which process after process dies is given up', async () => {
    const { etag } = door.drops.put(delta, rows);
    for (let i = 0; i < 15; i++) {
      expect(await door.ledger.begin({ path: delta, etag, manifestEtag: '' })).toMatchObject({ kind: 'ours' });
      door.clock.move(31_000);
    }
    expect(await take()).toBe('failed');
    expect(await door.runs()).toMatchObject([{ errors: [{ detail: expect.stringContaining('died 15 times') }] }]);
  });

  test('a ledger that does not answer is told to the caller, who brings it again', async () => {
    door.drops.put(delta, rows);
    door.tables.fail('ledger.insert');
    await expect(take()).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
    door.tables.fail(undefined);
    expect(await take()).toBe('done');
  });
});

describe('a manifest', () => {
  const manifest = `${delta}.manifest.json`;

  test('that is required is waited for; its own arrival brings its file', async () => {
    door.settings.needsManifest = true;
    door.drops.put(delta, rows);
    expect(await take()).toBe('waiting');
    expect(await door.runs()).toEqual([]);
    door.clock.move(120_000);
    expect(await swept()).toEqual([]);
    door.drops.put(manifest, '{"rows":2}');
    expect(await take(manifest)).toBe('done');
    expect(door.delivered).toHaveLength(1);
  });

  test('is one in upper case, too, be it told by itself or found by the sweep; the usual one comes first', async () => {
    door.settings.needsManifest = true;
    door.drops.put(delta, rows);
    expect(await take()).toBe('waiting');
    door.drops.put(manifest.replace(/manifest.json$/, 'MANIFEST.JSON'), '{"rows":3}');
    door.clock.move(120_000);
    expect(await swept()).toEqual([delta]);
    expect(await take(manifest.replace(/manifest.json$/, 'MANIFEST.JSON'))).toBe('failed');
    door.drops.put(manifest, '{"rows":2}');
    door.clock.move(120_000);
    expect(await swept()).toEqual([delta]);
    expect(await take()).toBe('done');
    expect(await swept()).toEqual([]);
  });

  test('that is required and was missed is found by the sweep', async () => {
    door.settings.needsManifest = true;
    door.drops.put(delta, rows);
    await take();
    door.clock.move(120_000);
    door.drops.put(manifest, '{"rows":2}');
    expect(await swept()).toEqual([delta]);
  });

  test("of the last file of that name does not count as this one's", async () => {
    door.settings.needsManifest = true;
    door.drops.put(manifest, '{"rows":1}');
    door.clock.move(10_000);
    door.drops.put(delta, rows);
    expect(await take()).toBe('waiting');
  });

  test('that does not fit refuses the file whole; a corrected one lets it in', async () => {
    door.drops.put(delta, rows);
    door.drops.put(manifest, '{"rows":3}');
    expect(await take()).toBe('failed');
    expect(door.delivered).toEqual([]);
    door.drops.put(manifest, '{"rows":2}');
    expect(await take(manifest)).toBe('done');
    expect((await door.runs()).map(({ status }) => status).sort()).toEqual(['failed', 'running']);
  });

  test('that comes after its file was taken changes nothing', async () => {
    door.drops.put(delta, rows);
    await take();
    door.drops.put(manifest, '{"rows":2}');
    expect(await take(manifest)).toBe('done');
    expect(await door.runs()).toHaveLength(1);
  });

  test('that was copied ahead of its file is not taken for that of the file before', async () => {
    door.drops.put(delta, rows);
    await take();
    const facts = { modifiedAt: new Date(door.clock()), mark: 'm', belongsTo: 'the next state' };
    const content = async function* () {
      yield Buffer.from('{"rows":3}');
    };
    await door.drops.write(manifest, content(), facts);
    expect(await take(manifest)).toBe('nothing to do');
    door.clock.move(120_000);
    expect(await swept()).toEqual([]);
  });

  test('is checked of a full snapshot before it is handed over, but for its rows', async () => {
    door.drops.put(full, rows);
    door.drops.put(`${full}.manifest.json`, '{"rows":7,"encoding":"latin1"}');
    expect(await take(full)).toBe('done');
    expect(door.diffs[0]?.manifest).toEqual({ rows: 7, encoding: 'latin1' });
    door.drops.put(full, `${rows}C,3\n`);
    door.drops.put(`${full}.manifest.json`, `{"sha256":"${'0'.repeat(64)}"}`);
    expect(await take(full)).toBe('failed');
  });
});

describe('the sweep', () => {
  test('leaves to the trigger what has just come, unless it is too large', async () => {
    door.drops.put(delta, rows);
    door.drops.put(full, rows.repeat(100));
    expect(await swept()).toEqual([full]);
    door.clock.move(61_000);
    expect(await swept()).toEqual([full, delta]);
  });

  test('sends the same try under the same id, the next one under another', async () => {
    door.drops.put(delta, rows);
    door.clock.move(61_000);
    const [[, first] = []] = await sweep();
    const [[, same] = []] = await sweep();
    door.drops.before = (call) => {
      if (call === 'stream') outage();
    };
    await take();
    door.clock.move(5_000);
    const [[, next] = []] = await sweep();
    expect(same).toBe(first);
    expect(next).toEqual(expect.not.stringMatching(first ?? ''));
  });

  test('does not ask twice for what is settled', async () => {
    door.drops.put(delta, rows);
    await take();
    door.clock.move(61_000);
    const settled = new Set<string>();
    await sweep(settled);
    const asked = door.tables.count('ledger.get');
    expect(await sweep(settled)).toEqual([]);
    expect(door.tables.count('ledger.get')).toBe(asked);
  });

  test('passes over manifests and what is no data', async () => {
    door.drops.put('acme/.hidden', 'x');
    door.drops.put('acme/x.csv.manifest.json', '{}');
    door.clock.move(61_000);
    expect(await swept()).toEqual([]);
  });

  test('finds a file without a folder, which ends as a failed run', async () => {
    door.drops.put('stray.csv', rows);
    door.clock.move(61_000);
    expect(await swept()).toEqual(['stray.csv']);
    expect(await take('stray.csv')).toBe('failed');
    expect(await door.runs('no-dealer')).toMatchObject([{ status: 'failed', entity: null }]);
  });
});
