import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openFolder } from '../../shared/store/folders.ts';
import { seenFilesIn } from '../../shared/store/seenFiles.ts';
import { openShare } from '../../shared/store/shares.ts';
import { scanShare } from '../../shared/sync/drops/scanShare.ts';
import type { Share } from '../../shared/sync/drops/share.ts';
import { testClock } from '../helpers/clock.ts';
import { type FilesService, startFilesService } from '../helpers/filesService.ts';
import { type MemoryDrops, memoryDrops } from '../helpers/memoryDrops.ts';
import { memoryTables } from '../helpers/memoryTable.ts';
import { until } from '../helpers/poll.ts';

/** A share that a test fills. */
interface TestShare {
  readonly share: Share;
  put(path: string, content: string, modifiedAt?: Date): Promise<void>;
  remove(path: string): Promise<void>;
}

/** For where nothing may fail. */
const rethrow = (_path: string, error: unknown) => {
  throw error;
};

let folder: string;
let service: FilesService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adp-shares-'));
  service = await startFilesService('dealers');
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await service.close();
});

const kinds: [string, () => TestShare][] = [
  [
    'a plain folder',
    () => ({
      share: openFolder(folder),
      async put(path, content, modifiedAt = new Date()) {
        const file = join(folder, path);
        await mkdir(join(file, '..'), { recursive: true });
        await writeFile(file, content);
        await utimes(file, modifiedAt, modifiedAt);
      },
      remove: (path) => rm(join(folder, path)),
    }),
  ],
  [
    'Azure Files',
    () => ({
      share: openShare({ name: 'dealers', connectionString: service.connectionString }),
      put: async (path, content, modifiedAt) => service.put(path, content, modifiedAt),
      remove: async (path) => service.remove(path),
    }),
  ],
];

describe.each(kinds)('%s', (_kind, open) => {
  let to: TestShare;
  let drops: MemoryDrops;
  let failures: string[];
  let tables: ReturnType<typeof memoryTables>;

  beforeEach(() => {
    to = open();
    drops = memoryDrops(Date.now);
    failures = [];
    tables = memoryTables();
  });

  const clock = testClock();
  /** So many milliseconds after the last one. */
  const scan = (afterMs = 1_000) => {
    clock.move(afterMs);
    return scanShare({
      share: to.share,
      seen: seenFilesIn(tables.open),
      drops,
      clock,
      onFailure: (path, error) => failures.push(`${path}: ${String(error)}`),
    });
  };
  const paths = async () => (await Array.fromAsync(drops.list())).map(({ path }) => path);

  test('lists what lies in folders, page by page, and reads it', async () => {
    const all = ['acme/a.csv', 'acme/b.csv', 'acme/c.csv', 'acme/in/deep/d é#%.csv', 'bolt/e.csv', 'root.csv'];
    for (const path of all) await to.put(path, `content of ${path}`);
    const listed = await Array.fromAsync(to.share.list(rethrow));
    expect(listed.map(({ path }) => path).sort()).toEqual(all);
    for (const file of listed) {
      expect(Buffer.concat(await Array.fromAsync(to.share.read(file))).toString()).toBe(`content of ${file.path}`);
      expect(file.bytes).toBe(Buffer.byteLength(`content of ${file.path}`));
    }
  });

  test('a file is copied once it looks the same in two scans, and not again', async () => {
    await to.put('acme/a.csv', 'one');
    expect([await scan(), await paths()]).toEqual([0, []]);
    await to.put('acme/a.csv', 'one, two', new Date(Date.now() + 5_000));
    expect([await scan(), await paths()]).toEqual([0, []]);
    expect(await scan()).toBe(1);
    expect(drops.content('acme/a.csv')).toBe('one, two');
    expect(await scan()).toBe(0);
    await to.put('acme/a.csv', 'three', new Date(Date.now() + 9_000));
    expect([await scan(), await scan(), await scan()]).toEqual([0, 1, 0]);
    expect(drops.content('acme/a.csv')).toBe('three');
  });

  test('a scan that follows another one at once tells nothing new', async () => {
    await to.put('acme/a.csv', 'one');
    expect([await scan(), await scan(20), await scan(900)]).toEqual([0, 0, 0]);
    await to.put('acme/a.csv', 'one, two', new Date(Date.now() + 5_000));
    expect([await scan(100), await scan(100), await scan(1_000)]).toEqual([0, 0, 1]);
    // A clock that was set back doesn't keep a file waiting until it is there again.
    await to.put('acme/a.csv', 'one, two, three', new Date(Date.now() + 9_000));
    expect([await scan(), await scan(-3_600_000)]).toEqual([0, 1]);
  });

  test('a file that changes while it is copied is not copied then', async () => {
    await to.put('acme/a.csv', 'one');
    const [listed] = await Array.fromAsync(to.share.list(rethrow));
    await to.put('acme/a.csv', 'other', new Date(Date.now() + 5_000));
    if (listed === undefined) throw new Error('It was just put.');
    await expect(Array.fromAsync(to.share.read(listed))).rejects.toMatchObject({ code: 'CONFLICT' });
    await to.remove('acme/a.csv');
    await expect(Array.fromAsync(to.share.read(listed))).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  test('with its manifest it is copied at once, the manifest first and for this file alone', async () => {
    const time = new Date();
    await to.put('acme/a.csv', 'one', time);
    await to.put('acme/a.csv.manifest.json', '{"rows":', new Date(time.getTime() + 1));
    expect(await scan()).toBe(0);
    await to.put('acme/a.csv.manifest.json', '{"rows":1}', new Date(time.getTime() + 2));
    const order: string[] = [];
    const { write } = drops;
    drops.write = (path, ...rest) => {
      order.push(path);
      return write(path, ...rest);
    };
    expect(await scan()).toBe(1);
    expect(order).toEqual(['acme/a.csv.manifest.json', 'acme/a.csv']);
    const file = await drops.find('acme/a.csv');
    expect((await drops.find('acme/a.csv.manifest.json'))?.belongsTo).toBe(file?.mark);
  });

  test('its manifest may be written in upper and lower case as it likes, and is copied under the usual name', async () => {
    await to.put('acme/a.csv', 'one');
    await to.put('acme/A.CSV.Manifest.JSON', '{"rows":1}');
    expect(await scan()).toBe(1);
    expect(await paths()).toEqual(['acme/a.csv', 'acme/a.csv.manifest.json']);
    expect(await scan()).toBe(0);
    await to.put('acme/A.CSV.Manifest.JSON', '{"rows": 1}');
    await scan();
    expect(drops.content('acme/a.csv.manifest.json')).toBe('{"rows": 1}');
    expect(await paths()).toHaveLength(2);
  });

  test.each(['acme/A.CSV.MANIFEST.JSON', 'acme/a.csv.manifest.json'])(
    'its manifest %s may have been there before it',
    async (manifest) => {
      const time = Date.now();
      await to.put(manifest, '{"rows":1}', new Date(time));
      await scan();
      expect(await scan()).toBe(1);
      await to.put('acme/a.csv', 'one', new Date(time - 10_000));
      expect(await scan()).toBe(1);
      const belongsTo = async () => (await drops.find('acme/a.csv.manifest.json'))?.belongsTo;
      expect(await belongsTo()).toBe((await drops.find('acme/a.csv'))?.mark);
      // Another state, which is older than the manifest, too.
      await to.put('acme/a.csv', 'other', new Date(time - 5_000));
      expect(await scan()).toBe(1);
      expect(await belongsTo()).toBe((await drops.find('acme/a.csv'))?.mark);
      expect(drops.content('acme/a.csv')).toBe('other');
    },
  );

  test('a copy that was made but not noted is not made again; what was removed is forgotten', async () => {
    await to.put('acme/a.csv', 'one');
    await scan();
    tables.fail('ledger.upsert');
    expect(await scan()).toBe(0);
    expect(failures).toHaveLength(1);
    tables.fail(undefined);
    const etag = (await drops.find('acme/a.csv'))?.etag;
    expect(await scan()).toBe(1);
    expect((await drops.find('acme/a.csv'))?.etag).toBe(etag);
    await to.remove('acme/a.csv');
    await scan();
    expect(await Array.fromAsync(seenFilesIn(tables.open).all())).toEqual([]);
  });

  test('one file that fails does not keep the others', async () => {
    await to.put('acme/a.csv', 'one');
    await to.put('acme/b.csv', 'two');
    await scan();
    const { write } = drops;
    drops.write = (path, ...rest) =>
      path === 'acme/a.csv' ? Promise.reject(new Error('as expected')) : write(path, ...rest);
    expect(await scan()).toBe(1);
    expect(await paths()).toEqual(['acme/b.csv']);
    expect(failures).toEqual(['acme/a.csv: Error: as expected']);
  });

  test('hidden and temporary files are left alone', async () => {
    for (const path of ['acme/.a.csv', 'acme/~$b.xlsx', 'acme/c.csv.tmp', '.hidden/d.csv']) await to.put(path, 'x');
    expect([await scan(), await scan()]).toEqual([0, 0]);
  });
});

test('a folder that can not be looked at keeps nobody else back, and is told', async () => {
  // Deeper than a path may be long: forbidden ones are none for who runs as root.
  const deep = 'x'.repeat(250);
  const dig = `cd "$1" && mkdir acme bolt && echo 1 > bolt/b.csv && cd acme && echo 1 > a.csv && for i in $(seq 20); do mkdir ${deep} && cd -P ${deep} || exit 1; done`;
  try {
    const dug = spawnSync('sh', ['-c', dig, 'sh', folder], { encoding: 'utf8' });
    expect(dug).toMatchObject({ status: 0, stderr: '' });
    const told: string[] = [];
    const files = await Array.fromAsync(openFolder(folder).list((path) => void told.push(path)));
    expect(files.map(({ path }) => path)).toEqual(['acme/a.csv', 'bolt/b.csv']);
    expect(told).toEqual([expect.stringMatching(/^acme\/x/)]);
  } finally {
    spawnSync('sh', ['-c', 'rm -rf "$1"/acme', 'sh', folder]);
  }
});

test('what was copied is known still once a folder that could not be looked at for a while can be again', async () => {
  const files = ['acme/a.csv', 'acme/in/b.csv', 'acme/in/c.csv', 'acme/in2/d.csv'];
  let hidden: string | undefined;
  let left = files;
  const share: Share = {
    async *list(onFailure) {
      if (hidden !== undefined) onFailure(hidden, new Error('EIO'));
      for (const path of left) {
        if (hidden !== undefined && (path === hidden || path.startsWith(`${hidden}/`))) continue;
        yield { path, bytes: 1, modifiedAt: new Date(0), mark: '1' };
      }
    },
    async *read() {
      yield Buffer.from('1');
    },
  };
  const seen = seenFilesIn(memoryTables().open);
  const clock = testClock();
  const scan = () => {
    clock.move(1_000);
    // Its copy in `drops` is gone meanwhile: a dealer that was deleted, or a lifecycle rule.
    return scanShare({ share, seen, drops: memoryDrops(Date.now), clock, onFailure: () => undefined });
  };
  const known = async () => (await Array.fromAsync(seen.all())).map(({ path }) => path).sort();
  expect([await scan(), await scan()]).toEqual([0, 4]);
  for (hidden of ['acme/in', 'acme/in/b.csv']) {
    expect(await scan()).toBe(0);
    expect(await known()).toEqual(files);
  }
  // What is gone where it can be looked at is forgotten all the same.
  hidden = 'acme/in';
  left = files.filter((path) => path !== 'acme/in2/d.csv');
  await scan();
  expect(await known()).toEqual(left);
  hidden = undefined;
  expect([await scan(), await scan()]).toEqual([0, 0]);
});

describe('Azure Files', () => {
  test('is only ever read', async () => {
    const share = openShare({ name: 'dealers', connectionString: service.connectionString });
    service.put('acme/a.csv', 'one');
    for await (const file of share.list(rethrow)) await Array.fromAsync(share.read(file));
    expect(service.refused).toEqual([]);
  });

  test('a file that has changed since it was listed is not left half answered', async () => {
    const share = openShare({ name: 'dealers', connectionString: service.connectionString });
    service.put('acme/a.csv', 'one');
    const [listed] = await Array.fromAsync(share.list(rethrow));
    if (listed === undefined) throw new Error('It was just put.');
    service.put('acme/a.csv', Buffer.alloc(64 * 1024 * 1024));
    await expect(Array.fromAsync(share.read(listed))).rejects.toMatchObject({ code: 'CONFLICT' });
    await until('the end of the answer', () => service.underWay() === 0, 10_000);
  });

  test('that is busy is asked again; one that stays away is an outage', async () => {
    const share = openShare({ name: 'dealers', connectionString: service.connectionString });
    service.put('acme/a.csv', 'one');
    service.fail(503, 2);
    expect(await Array.fromAsync(share.list(rethrow))).toHaveLength(1);
    service.fail(503, 100);
    await expect(Array.fromAsync(share.list(rethrow))).rejects.toMatchObject({ code: 'NETWORK_ERROR' });
  });
});
