import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { differences } from '../../cli/configuration/differences.ts';
import { parseFile } from '../../cli/configuration/parseFile.ts';
import { type FakeAnswer, type FakeRequest, startFakeHub } from '../helpers/fakeHub.ts';
import { runAdp } from '../helpers/runAdp.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'adp-apply-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Keeps what is put, under a new ETag each time, as contract, "Admin", says. */
function configurationHub(held = new Map<string, { body: object; etag: string }>()) {
  return (request: FakeRequest): FakeAnswer => {
    const found = held.get(request.path);
    if (request.method === 'GET') {
      if (found === undefined) return { status: 404, body: { title: 'Not found' } };
      return {
        status: 200,
        headers: { etag: found.etag },
        body: found.body,
      };
    }
    if (request.headers['if-match'] !== undefined && request.headers['if-match'] !== found?.etag)
      return { status: 412 };
    held.set(request.path, { body: JSON.parse(request.body), etag: `"${held.size}${request.body.length}"` });
    return { status: found === undefined ? 201 : 200, body: {} };
  };
}

const hubYaml = `
dealers:
  acme:
    name: Acme
    time_zone: America/Chicago
    sources:
      dms:
        connector: push
        extends: base
        entities: { part: { mapping: { uom: { const: EA } } } }
packs:
  base: { entities: { part: { mapping: { part_number: No } } } }
`;

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('apply', () => {
  test('puts packs before dealers before sources, and the second time nothing', async () => {
    const file = await write('hub.yaml', hubYaml);
    await using hub = await startFakeHub(configurationHub());
    const first = await runAdp(['apply', '-f', file], hub);
    expect(first.stdout).toMatch(/pack +base +created\ndealer +acme +created\nsource +acme\/dms +created\n3 created/);
    expect(first.code).toBe(0);
    const puts = hub.requests.filter(({ method }) => method === 'PUT');
    expect(puts.map((put) => put.path)).toEqual([
      '/admin/packs/base',
      '/admin/dealers/acme',
      '/admin/dealers/acme/sources/dms',
    ]);
    expect(JSON.parse(puts[1]?.body ?? '')).toEqual({ name: 'Acme', time_zone: 'America/Chicago' });
    const again = await runAdp(['apply', '-f', file], hub);
    expect(again.stdout).toContain('3 unchanged');
    expect(hub.requests.filter(({ method }) => method === 'PUT')).toHaveLength(3);
  });

  test('names the paths that change, and guards the change by If-Match', async () => {
    await using hub = await startFakeHub(configurationHub());
    await runAdp(['apply', await write('a.yaml', hubYaml)], hub);
    const changed = hubYaml.replace('const: EA', 'const: PC').replace('extends: base', 'enabled: false');
    const { stdout, code } = await runAdp(['apply', await write('b.yaml', changed)], hub);
    expect(stdout).toMatch(/source +acme\/dms +changed +enabled, entities\.part\.mapping\.uom\.const, extends\n/);
    expect(stdout).toContain('2 unchanged, 1 changed');
    expect(hub.requests.at(-1)?.headers['if-match']).toMatch(/^"\d+"$/);
    expect(code).toBe(0);
  });

  test('changes nothing with --dry-run', async () => {
    await using hub = await startFakeHub(configurationHub());
    const { stdout, code } = await runAdp(['apply', await write('a.yaml', hubYaml), '--dry-run'], hub);
    expect(stdout).toContain('3 would be created');
    expect(hub.requests.every(({ method }) => method === 'GET')).toBe(true);
    expect(code).toBe(0);
  });

  test('somebody else’s change in between is not overwritten', async () => {
    const taking = configurationHub();
    await using hub = await startFakeHub((request) => (request.method === 'PUT' ? { status: 412 } : taking(request)));
    const { stdout, code } = await runAdp(['apply', await write('a.yaml', hubYaml)], hub);
    expect(stdout).toContain('somebody else changed it at the same time');
    expect(code).toBe(1);
  });

  test('what the hub refuses is shown, its sources are not tried, the rest goes on', async () => {
    const taking = configurationHub();
    await using hub = await startFakeHub((request) =>
      request.method === 'PUT' && request.path === '/admin/dealers/acme'
        ? { status: 400, body: { title: 'Invalid', errors: [{ field: 'time_zone', detail: 'is unknown' }] } }
        : taking(request),
    );
    const { stdout, code } = await runAdp(['apply', await write('a.yaml', hubYaml), '--json'], hub);
    expect(JSON.parse(stdout)).toMatchObject([
      { kind: 'pack', outcome: 'created' },
      { kind: 'dealer', outcome: 'failed', reason: expect.stringContaining('time_zone: is unknown') },
      { kind: 'source', outcome: 'blocked' },
    ]);
    expect(code).toBe(1);
  });

  test('a pack in a later file comes before the source that extends it', async () => {
    const source = { connector: 'push', extends: 'late' };
    await write('a.json', JSON.stringify({ dealers: { acme: { name: 'Acme', sources: { dms: source } } } }));
    await write('b.yaml', 'packs: { late: { entities: {} } }');
    await using hub = await startFakeHub(configurationHub());
    const { stdout } = await runAdp(['apply', '-f', folder], hub);
    expect(stdout).toMatch(/pack +late[\s\S]*dealer +acme[\s\S]*source +acme\/dms/);
  });

  test('a folder is all of its files; the same thing twice is refused', async () => {
    await write('a.yaml', hubYaml);
    await write('b.json', JSON.stringify({ dealers: { acme: { sources: { other: { connector: 'push' } } } } }));
    await using hub = await startFakeHub(configurationHub());
    expect((await runAdp(['apply', '-f', folder], hub)).stdout).toContain('4 created');
    await write('c.yml', 'packs: { base: {} }');
    const twice = await runAdp(['apply', '-f', folder], hub);
    expect(twice.stderr).toMatch(/pack base is in more than one file: .*a\.yaml, .*c\.yml/);
    expect(twice.code).toBe(1);
  });
});

describe('a file', () => {
  const problemsOf = (text: string, extension = '.yaml') =>
    parseFile(text, extension).problems.map(({ line, text: problem }) => `${line}: ${problem}`);

  test('with broken YAML names the line', () => {
    expect(problemsOf('packs:\n  a: {\n  b: 1\n')[0]).toMatch(/^[34]: /);
    expect(problemsOf('packs: {}\npacks: {}\n')[0]).toMatch(/^2: .*unique/i);
  });

  test('with broken JSON names the line, and JSON is no YAML', () => {
    expect(problemsOf('{\n  "packs": {},\n}', '.json')[0]).toMatch(/^3: /);
    expect(problemsOf('packs: {}', '.json')).toHaveLength(1);
  });

  test('with a wrong shape names every place', () => {
    expect(problemsOf('pack: {}\ndealers:\n  A!: {}\n  acme:\n    sources: [x]\n')).toEqual([
      '1: "pack" is neither packs nor dealers',
      expect.stringMatching(/^3: "A!" is not a name/),
      '5: dealers.acme.sources must be a mapping of names',
    ]);
    expect(problemsOf('- a')).toEqual(['1: the file must be a mapping of names']);
  });

  test('with aliases that multiply, or contain themselves, is refused', () => {
    const bomb = Array.from(
      { length: 12 },
      (_, n) => `  a${n + 1}: &a${n + 1} [${Array(9).fill(`*a${n}`).join(', ')}]`,
    );
    expect(problemsOf(`packs:\n  a0: &a0 [x]\n${bomb.join('\n')}\n`)[0]).toMatch(/aliases/);
    expect(problemsOf('packs: &all\n  again: *all\n')[0]).toMatch(/aliases/);
    expect(problemsOf('packs:\n  ab: &one { x: 1 }\n  cd: *one\n')).toEqual([]);
  });

  test('keeps what looks like something else: codes with zeros, dates, yes and no', () => {
    const { packs } = parseFile('packs: { p-1: { a: "01", b: 2026-11-20, c: no, d: ja } }', '.yaml');
    expect(packs['p-1']).toEqual({ a: '01', b: '2026-11-20', c: 'no', d: 'ja' });
  });
});

test('differences are named by their paths', () => {
  expect(differences({ a: 1, b: { c: [1, 2] } }, { b: { c: [1, 2] }, a: 1 })).toEqual([]);
  expect(differences({ a: 1, b: { c: [1, 2] } }, { a: 2, b: { c: [1, 3], d: null } })).toEqual(['a', 'b.c[1]', 'b.d']);
  expect(differences({ a: [1] }, { a: [1, 2] })).toEqual(['a']);
  expect(differences({ a: null }, {})).toEqual(['a']);
});
