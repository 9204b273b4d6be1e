import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allDeliveries } from '../../examples/adventure-works/deliveries.ts';
import { readAdventureWorks } from '../../examples/adventure-works/tables.ts';
import { writeExport } from '../../examples/demo/exports.ts';
import { type Hub, startHub } from '../helpers/hub.ts';
import { type Ran, type RunAdpOptions, runAdp } from '../helpers/runAdp.ts';

const examples = path.join(process.cwd(), 'examples', 'adventure-works');
const configuration = path.join(examples, 'hub.yaml');
let hub: Hub;
let folder: string;
/** Radhaus Nord's stock: 431 rows, two of which have "n/a" for a number. */
let stock: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-cli-'));
  hub = await startHub();
  const deliveries = allDeliveries(await readAdventureWorks(path.join(examples, 'data')));
  const delivery = deliveries.find(({ dealer, entity }) => dealer === 'radhaus-nord' && entity === 'part_stock');
  if (delivery === undefined) throw new Error('there is no such delivery');
  stock = await writeExport(folder, delivery);
});
afterAll(async () => {
  await hub?.end();
  await rm(folder, { recursive: true, force: true });
});

function adp(argv: readonly string[], options: RunAdpOptions = {}): Promise<Ran> {
  return runAdp(argv, { baseUrl: hub.baseUrl, ...options, env: { ADP_KEY: hub.adminKey, ...options.env } });
}

/** What a command prints with --json. */
async function ask(...argv: string[]) {
  const { code, stdout, stderr } = await adp([...argv, '--json']);
  if (code !== 0) throw new Error(`adp ${argv.join(' ')}: ${code} ${stderr}`);
  return JSON.parse(stdout);
}

describe('an operator', () => {
  test('applies the configuration, and a second time nothing changes', async () => {
    const first = await adp(['apply', '-f', configuration]);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('13 created');
    expect((await adp(['apply', '-f', configuration])).stdout).toContain('13 unchanged');
  });

  test('is told what is wrong with a source, by its path', async () => {
    const file = path.join(folder, 'wrong.yaml');
    await writeFile(
      file,
      'dealers: { radhaus-nord: { sources: { other: { connector: push, entities: { part: { mapping: { part_nmber: x } } } } } } }',
    );
    const { code, stdout } = await adp(['apply', '-f', file]);
    expect(stdout).toMatch(/source +radhaus-nord\/other +failed/);
    expect(stdout).toContain('part_nmber');
    expect(code).toBe(1);
  });

  test('pushes a file: the good rows are written, the bad ones are shown by their lines', async () => {
    const { code, stdout } = await adp(['push', 'radhaus-nord', 'part_stock', stock, '--rows-per-batch', '200']);
    expect(stdout).toContain('431 rows of');
    expect(stdout).toMatch(/inserted +429/);
    expect(stdout).toMatch(/line 13 +on_hand/);
    expect(stdout).toMatch(/line 44 +on_hand/);
    expect(stdout).toMatch(/3 runs: .*balanced/);
    expect(code).toBe(1);
    expect(await hub.records('radhaus-nord', 'part_stock')).toHaveProperty('size', 429);
  });

  test('pushes it again, and nothing happens twice', async () => {
    const before = await ask('runs', 'radhaus-nord');
    const { stdout } = await adp(['push', 'radhaus-nord', 'part_stock', stock, '--rows-per-batch', '200']);
    expect(stdout).toMatch(/inserted +429/);
    expect(await ask('runs', 'radhaus-nord')).toEqual(before);
  });

  test('finds the bad rows in quarantine, mends the mapping, and replays them', async () => {
    const rows: { id: string; entity: string }[] = await ask('quarantine', 'radhaus-nord');
    expect(rows.map(({ entity }) => entity)).toEqual(['part_stock', 'part_stock']);
    const mended = path.join(folder, 'mended.yaml');
    const text = await readFile(configuration, 'utf8');
    const number = 'on_hand: { from: Bestand, transform: [';
    await writeFile(mended, text.replace(number, `${number}{ replace: { find: "n/a", with: "0" } }, `));
    const applied = await adp(['apply', '-f', mended]);
    expect(applied.stdout).toMatch(/changed +entities\.part_stock\.mapping\.on_hand\.transform\n/);
    const first = await ask('replay', 'radhaus-nord', String(rows[0]?.id));
    expect(first.rows).toBe(1);
    const rest = await ask('replay', 'radhaus-nord', '--all');
    expect(rest.rows).toBe(1);
    for (const run of [...first.runs, ...rest.runs]) expect((await adp(['run', run, '--wait'])).code).toBe(0);
    expect((await adp(['quarantine', 'radhaus-nord'])).stdout).toBe('nothing in quarantine\n');
    expect(await hub.records('radhaus-nord', 'part_stock')).toHaveProperty('size', 431);
  });

  test('reads records: one by its key, some, all of them as lines', async () => {
    const all = await adp(['records', 'radhaus-nord', 'part_stock', '--all', '--json']);
    const held: { id: string; data: Record<string, unknown> }[] = all.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(held).toHaveLength(431);
    const { part_number, branch_code } = held[0]?.data ?? {};
    const one = await adp([
      'records',
      'radhaus-nord',
      'part_stock',
      '--key',
      `part_number=${part_number}`,
      '--key',
      `branch_code=${branch_code}`,
      '--json',
    ]);
    expect(one.stdout).toContain(`"part_number":"${part_number}"`);
    expect(one.stdout.trim().split('\n').length).toBeLessThan(10);
    const some = await adp(['records', 'radhaus-nord', 'part_stock', '--limit', '5']);
    expect(some.stdout.trim().split('\n')).toHaveLength(7);
    const none = await adp(['records', 'radhaus-nord', 'part_stock', '--updated-since', '2100-01-01T00:00:00Z']);
    expect(none).toMatchObject({ code: 0, stdout: 'no records\n' });
  });

  test('sees the runs of one dealer and of all', async () => {
    const { stdout } = await adp(['runs']);
    expect(stdout).toMatch(/part_stock +push +partial +200 .*radhaus-nord\.\S+/);
    const partial: { status: string; run_id: string }[] = await ask('runs', 'radhaus-nord', '--status', 'partial');
    expect(partial.length).toBeGreaterThan(0);
    expect(partial.every(({ status }) => status === 'partial')).toBe(true);
    const shown = await adp(['run', partial[0]?.run_id ?? '']);
    expect(shown.stdout).toMatch(/read +200 ✓ +upserts \+ deletes +19\d ✓/);
    expect(shown.stdout).toMatch(/DATA_ERROR|MAPPING_ERROR/);
  });

  test('lets a source start over', async () => {
    const { code, stdout } = await adp(['reset', 'radhaus-nord', 'velosoft', '--entity', 'part_stock']);
    expect(stdout).toContain('radhaus-nord/velosoft starts over');
    expect(code).toBe(0);
    const again = await adp([
      'push',
      'radhaus-nord',
      'part_stock',
      stock,
      '--idempotency-prefix',
      'after-reset',
      '--json',
    ]);
    const { receipt } = JSON.parse(again.stdout);
    expect(receipt).toMatchObject({ read: 431, rejected: 0, skipped: { stale: 0 }, balanced: true });
    expect(again.code).toBe(0);
  });

  test('gives a dealer a key that is good for that dealer only', async () => {
    const created = await ask(
      'keys',
      'create',
      'radhaus',
      '--scope',
      'ingest:radhaus-nord',
      '--scope',
      'read:radhaus-nord',
    );
    const env = { ADP_KEY: created.key };
    expect((await adp(['records', 'radhaus-nord', 'part_stock'], { env })).code).toBe(0);
    const other = await adp(['records', 'cascade-cycles', 'part'], { env });
    expect(other).toMatchObject({ code: 1, stdout: '' });
    expect(other.stderr).toMatch(/403 AUTH_FAILED/);
    const listed = await adp(['keys', 'list']);
    expect(listed.stdout).toMatch(new RegExp(`${created.id} +radhaus +ingest:radhaus-nord read:radhaus-nord +never`));
    expect(listed.stdout).not.toContain(created.key);
    expect((await adp(['keys', 'delete', created.id])).code).toBe(0);
    expect((await adp(['keys', 'list'])).stdout).not.toContain(created.id);
    expect((await adp(['keys', 'delete', created.id])).code).toBe(1);
  });
});

describe('npx adp', () => {
  /** Runs the launcher in a process of its own, in a folder with a stack.json above it. */
  const launch = (script: string, argv: readonly string[], stdin: string) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const options = { cwd: hub.dataDir, env: { ...process.env, ADP_URL: hub.baseUrl, ADP_KEY: hub.adminKey } };
      const child = execFile(
        process.execPath,
        ['--input-type=module', '-e', script, '--', ...argv],
        options,
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
      child.stdin?.end(stdin);
    });
  const launcher = path.join(process.cwd(), 'cli', 'adp.js');

  test.each([
    ['this Node', ''],
    [
      'an older Node, which calls the newer one',
      "Object.defineProperty(process.versions, 'node', { value: '20.0.0' });",
    ],
  ])('takes rows from standard input, with %s', async (_, before) => {
    const script = `${before} process.argv.splice(1, 0, ${JSON.stringify(launcher)}); await import(${JSON.stringify(launcher)});`;
    const rows = 'Artikelnummer;Lager;Regal;Fach;Bestand;Meldebestand;Geaendert\nX-1;01;A;1;5;1;01.02.2024 10:00:00\n';
    const { code, stdout, stderr } = await launch(
      script,
      ['push', 'radhaus-nord', 'part_stock', '-', '--type', 'csv', '--json'],
      rows,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ received: 1, rejected: 0, receipt: { balanced: true } });
  });
});
