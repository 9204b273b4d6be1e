import { beforeEach, describe, expect, test } from '@jest/globals';
import { faultsOf } from '../../shared/check.ts';
import { entities } from '../../shared/model/entities.ts';
import { connectorNames, connectors } from '../../shared/sources/connectors.ts';
import { type TestConfiguration, testConfiguration } from '../helpers/configuration.ts';

let hub: TestConfiguration;
beforeEach(() => {
  hub = testConfiguration();
});

const stock = (mapping: object, more: object = {}) => ({
  connector: 'push',
  ...more,
  entities: { part_stock: { mapping } },
});
const base = { part_number: 'PN', on_hand: 'Q' };

/** The epochs that rose since. */
function newlyRaised(): string[] {
  return hub.raised.splice(0).sort();
}

describe('an epoch rises', () => {
  beforeEach(async () => {
    await hub.dealer('acme', { time_zone: 'UTC' });
    await hub.source('acme', 'dms', stock(base));
    newlyRaised();
  });

  test.each([
    ['the mapping', stock({ ...base, on_hand: 'Qty' })],
    ['the modification time', { connector: 'push', entities: { part_stock: { mapping: base, modified: 'M' } } }],
    ['what is kept unmapped', { connector: 'push', entities: { part_stock: { mapping: base, keep_unmapped: true } } }],
    ['the zone', stock(base, { time_zone: 'Europe/Berlin' })],
  ])('when %s of a source changes', async (_, source) => {
    await hub.source('acme', 'dms', source);
    expect(newlyRaised()).toEqual(['acme/part_stock']);
  });

  test.each([
    ['nothing', stock(base)],
    ['the order of fields', stock({ on_hand: 'Q', part_number: 'PN' })],
    ['the schedule', stock(base, { schedule: { cron: '*/5 * * * *' } })],
    ['the zone to what it was by default', stock(base, { time_zone: 'UTC' })],
    [
      'only how text is read',
      { connector: 'push', entities: { part_stock: { mapping: base, settings: { delimiter: ';' } } } },
    ],
  ])('not when %s changes', async (_, source) => {
    await hub.source('acme', 'dms', source);
    expect(newlyRaised()).toEqual([]);
  });

  test('for the entities that change, and for those that come and go', async () => {
    await hub.source('acme', 'dms', {
      connector: 'push',
      entities: { part_stock: { mapping: base }, part: { mapping: { part_number: 'PN' } } },
    });
    expect(newlyRaised()).toEqual(['acme/part']);
    await hub.source('acme', 'dms', { connector: 'push', entities: { part: { mapping: { part_number: 'PN' } } } });
    expect(newlyRaised()).toEqual(['acme/part_stock']);
  });

  test('before anybody can see the new source', async () => {
    let seen: unknown = 'never raised';
    hub.onRaise = async () => {
      seen = (await hub.sources.read('acme', 'dms'))?.value.entities?.part_stock?.mapping;
    };
    await hub.source('acme', 'dms', stock({ ...base, on_hand: 'Qty' }));
    expect(seen).toEqual(base);
  });

  test('or nothing is saved', async () => {
    hub.onRaise = async () => {
      throw new Error('storage is down');
    };
    await expect(hub.source('acme', 'dms', stock({ ...base, on_hand: 'Qty' }))).rejects.toThrow('storage is down');
    expect((await hub.sources.read('acme', 'dms'))?.value.entities?.part_stock?.mapping).toEqual(base);
  });

  test('for every entity of a dealer whose zone changes, since rows without a source are in it too', async () => {
    await hub.dealer('acme', { time_zone: 'Europe/Berlin' });
    expect(newlyRaised()).toEqual(
      Object.keys(entities)
        .map((name) => `acme/${name}`)
        .sort(),
    );
    await hub.dealer('acme', { time_zone: 'Europe/Berlin', name: 'Another name' });
    expect(newlyRaised()).toEqual([]);
  });

  test('for every source that extends a pack, where the pack changes what it means there', async () => {
    await hub.pack('ours', { entities: { part_stock: { mapping: base }, part: { mapping: { part_number: 'PN' } } } });
    await hub.source('acme', 'all', { connector: 'push', extends: 'ours' });
    await hub.source('best', 'own-quantity', { ...stock({ on_hand: 'Qty' }), extends: 'ours' });
    await hub.source('best', 'other', stock(base));
    newlyRaised();
    await hub.pack('ours', {
      entities: { part_stock: { mapping: { ...base, on_hand: 'Z' } }, part: { mapping: { part_number: 'PN' } } },
    });
    expect(newlyRaised()).toEqual(['acme/part_stock']);
  });

  test('when a source is reset, for its entities or the one asked for', async () => {
    await hub.pack('ours', { entities: { part_stock: { mapping: base }, part: { mapping: { part_number: 'PN' } } } });
    await hub.source('acme', 'all', { connector: 'push', extends: 'ours' });
    const source = await hub.sources.read('acme', 'all');
    if (source === undefined) throw new Error('It was just saved.');
    newlyRaised();
    expect(await hub.configuration.reset(source, 'acme')).toEqual(['part_stock', 'part']);
    expect(newlyRaised()).toEqual(['acme/part', 'acme/part_stock']);
    expect(await hub.configuration.reset(source, 'acme', 'part')).toEqual(['part']);
    expect(newlyRaised()).toEqual(['acme/part']);
    expect(await hub.configuration.reset(source, 'acme', 'unit')).toEqual([]);
  });

  test('when a source is deleted, since its rows are canonical from then on', async () => {
    const dealer = await hub.dealer('acme');
    const source = await hub.sources.read('acme', 'dms');
    if (source === undefined) throw new Error('It was just saved.');
    newlyRaised();
    await hub.configuration.removeSource(dealer, source);
    expect(newlyRaised()).toEqual(['acme/part_stock']);
  });
});

test('a polled source is another one once it, its pack or its dealer was changed: then it is parked no more', async () => {
  const mapping = { part_number: 'no', branch_code: { const: '1' }, on_hand: 'qty' };
  const erp = (table: string) => ({
    connector: 'postgres',
    credential: 'acme-erp',
    extends: 'erp',
    entities: { part_stock: { settings: { table, key: ['id'] } } },
  });
  await hub.pack('erp', { entities: { part_stock: { mapping } } });
  await hub.source('acme', 'erp', erp('stock'));
  const etagNow = async () => {
    hub.clock.move(60_000);
    return (await hub.sources.polledSource('acme', 'erp')).etag;
  };
  const etags = [await etagNow()];
  expect(await etagNow()).toBe(etags[0]);
  await hub.pack('erp', { entities: { part_stock: { mapping: { ...mapping, on_hand: 'quantity' } } } });
  etags.push(await etagNow());
  await hub.dealer('acme', { time_zone: 'Europe/Oslo' });
  etags.push(await etagNow());
  await hub.source('acme', 'erp', erp('dms.stock'));
  etags.push(await etagNow());
  expect(new Set(etags).size).toBe(4);
});

test.each([
  ['timestamp', 'ModifiedDate'],
  ['rowversion', undefined],
  ['change_tracking', undefined],
  ['full', undefined],
])('a row has a time of its own beside a cursor of kind %s, which stands in the column %s', async (kind, column) => {
  await hub.source('acme', 'erp', {
    connector: 'mssql',
    credential: 'acme-erp',
    entities: { part_stock: { modified: 'ModifiedDate', cursor: { kind }, settings: { table: 'dbo.T', key: ['Id'] } } },
  });
  const { entities } = await hub.sources.polledSource('acme', 'erp');
  expect(entities[0]?.query.cursor).toMatchObject({ kind, column });
});

describe('what is wrong with a source', () => {
  const faultsFor = async (source: unknown) => {
    const dealer = await hub.dealer('acme');
    const error: unknown = await hub.configuration.saveSource(dealer, 'dms', source).catch((thrown) => thrown);
    return Object.fromEntries(faultsOf(error).map(({ field, detail }) => [field, detail]));
  };

  test('is told all at once, by its place', async () => {
    const faults = await faultsFor({
      connector: 'push',
      time_zone: 'Mars',
      colour: 'red',
      extends: 'nothing',
      schedule: { windows: [{ from: '25:00', to: '06:00' }] },
      entities: {
        part_stok: {},
        part: { mapping: { part_number: 5 } },
        part_stock: { mapping: { part_number: 'PN', nope: 'x', on_hand: { from: 'Q', transform: ['wat'] } } },
        unit: { settings: { delimiter: 'long', table: 'x' } },
      },
    });
    expect(faults).toMatchObject({
      time_zone: expect.stringContaining('IANA'),
      colour: expect.stringContaining('not known here'),
      extends: expect.stringContaining('no pack'),
      'schedule.windows[0].from': expect.stringContaining('must match'),
      'entities.part_stok': expect.stringContaining('known are part, part_stock'),
      'entities.part.mapping.part_number': 'must be string or object or null',
      'entities.part_stock.mapping': expect.stringMatching(/nope.*wat|wat.*nope/s),
      'entities.unit.settings.delimiter': expect.any(String),
      'entities.unit.settings.table': expect.stringContaining('not known here'),
    });
  });

  test('is that its connector is not built yet', async () => {
    for (const connector of connectorNames.filter((name) => connectors[name] === undefined)) {
      const faults = await faultsFor({ ...stock(base), connector });
      expect(faults).toEqual({ connector: expect.stringContaining('is not available yet; available are push, file') });
    }
  });

  test('is that it brings nothing', async () => {
    expect(await faultsFor({ connector: 'push' })).toEqual({ entities: 'must name at least one entity' });
  });

  test.each([null, 'text', 5, [], [stock(base)]])('is that it is no object: %j', async (value) => {
    expect(await faultsFor(value)).toEqual({ '': 'must be object' });
  });

  test('is a secret in its settings, which the message does not repeat', async () => {
    const dealer = await hub.dealer('acme');
    const secrets = {
      password: 'hunter2-a',
      apiKey: 'hunter2-b',
      nested: { 'client-secret': 'hunter2-c' },
      url: 'postgres://me:hunter2-d@host/db',
      text: 'Server=x;Password=hunter2-e',
    };
    const error: unknown = await hub.configuration
      .saveSource(dealer, 'dms', { ...stock(base), settings: secrets })
      .catch((thrown) => thrown);
    const named = faultsOf(error).filter(({ detail }) => detail.includes('credential'));
    expect(named.map(({ field }) => field)).toEqual([
      'settings.password',
      'settings.apiKey',
      'settings.nested.client-secret',
      'settings.url',
      'settings.text',
    ]);
    expect(JSON.stringify([error instanceof Error ? error.message : '', faultsOf(error)])).not.toContain('hunter2');
  });

  test('is not that of the pack that it takes a field away from', async () => {
    await hub.pack('ours', { entities: { part_stock: { mapping: { ...base, bin: 'Bin' } } } });
    await hub.source('acme', 'dms', { ...stock({ bin: null, on_hand: 'Qty' }), extends: 'ours' });
    const { mapper } = await hub.sources.pushSource('acme', 'part_stock');
    expect([...mapper.columns].sort()).toEqual(['PN', 'Qty']);
  });
});

describe('a pack', () => {
  test('that would break a source is refused, with the name of the source', async () => {
    await hub.pack('ours', { entities: { part_stock: { mapping: base } } });
    await hub.source('acme', 'dms', { ...stock({ on_hand: 'Qty' }), extends: 'ours' });
    const error: unknown = await hub
      .pack('ours', { entities: { part: { mapping: { part_number: 'PN' } } } })
      .catch((thrown) => thrown);
    expect(faultsOf(error)[0]?.detail).toContain('breaks the source acme/dms');
  });

  test('that a source extends is not deleted', async () => {
    await hub.pack('ours', { entities: { part_stock: { mapping: base } } });
    await hub.source('acme', 'dms', { connector: 'push', extends: 'ours' });
    const pack = await hub.packs.read('ours');
    if (pack === undefined) throw new Error('It was just saved.');
    await expect(hub.configuration.removePack(pack)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('acme/dms'),
    });
  });
});

describe('what is stored', () => {
  test('and refused by the schema of today can be saved again', async () => {
    await hub.source('acme', 'dms', stock(base));
    const [row] = await Array.fromAsync(hub.tables.open('sources').rows('acme'));
    if (row === undefined) throw new Error('There is no source.');
    await hub.tables.open('sources').replace(row, { json: '{"connector":"of yesterday"}' });
    await expect(hub.sources.read('acme', 'dms')).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    await hub.source('acme', 'dms', stock(base));
    expect((await hub.sources.read('acme', 'dms'))?.value.connector).toBe('push');
  });

  test('is refused where it is larger than a row of a table', async () => {
    const table = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`code ${n}`, 'a word for it']));
    const mapping = { part_number: { from: 'PN', transform: [{ lookup: { table } }] } };
    const large = hub.pack('large', { entities: { part_stock: { mapping } } });
    await expect(large).rejects.toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('400000') });
  });
});

test("no dealer is called as those are whose files lie in no dealer's folder: it would see their runs", async () => {
  const saving = hub.configuration.saveDealer('no-dealer', { name: 'Acme' });
  await expect(saving).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
});

describe('ETags', () => {
  test('change with every write, and guard the next', async () => {
    const first = await hub.dealer('acme');
    const second = await hub.configuration.saveDealer('acme', { name: 'Second' }, first.etag);
    expect(second).toMatchObject({ created: false });
    const late = hub.configuration.saveDealer('acme', { name: 'Late' }, first.etag);
    await expect(late).rejects.toMatchObject({ code: 'CONFLICT' });
    expect((await hub.dealers.read('acme'))?.value.name).toBe('Second');
  });

  test('let one of many win, and without them all go through', async () => {
    const { etag } = await hub.dealer('acme');
    const guarded = Array.from({ length: 8 }, (_, i) => hub.configuration.saveDealer('acme', { name: `${i}` }, etag));
    const outcomes = await Promise.allSettled(guarded);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const free = [1, 2, 3].map((i) => hub.configuration.saveDealer('acme', { name: `free ${i}` }));
    await expect(Promise.all(free)).resolves.toHaveLength(3);
  });

  test('guard a deletion', async () => {
    const { etag } = await hub.dealer('acme');
    await hub.dealer('acme', { name: 'Second' });
    const stale = hub.configuration.removeDealer('acme', { etag, purge: false });
    await expect(stale).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await hub.dealers.read('acme')).toBeDefined();
  });
});

describe('deleting a dealer', () => {
  test('is refused while it has records, unless they are to go too', async () => {
    await hub.source('acme', 'dms', stock(base));
    hub.withRecords.add('acme');
    await expect(hub.configuration.removeDealer('acme', { purge: false })).rejects.toMatchObject({ code: 'CONFLICT' });
    await hub.configuration.removeDealer('acme', { purge: true });
    expect(await hub.dealers.read('acme')).toBeUndefined();
    expect(await hub.sources.read('acme', 'dms')).toBeUndefined();
    expect([...hub.withRecords]).toEqual([]);
    expect([...hub.withoutHistory]).toEqual(['acme']);
  });

  test('removes its files only where its records are to go', async () => {
    for (const id of ['acme', 'bolt']) {
      await hub.dealer(id);
      hub.withFiles.add(id);
      await hub.configuration.removeDealer(id, { purge: id === 'acme' });
    }
    expect([...hub.withFiles]).toEqual(['bolt']);
  });

  test.each([true, false])('lets who gets its id begin anew, whoever removed its records: purge %s', async (purge) => {
    await hub.dealer('acme');
    hub.raised.length = 0;
    await hub.configuration.removeDealer('acme', { purge });
    expect(hub.raised.sort()).toEqual(
      Object.keys(entities)
        .map((name) => `acme/${name}`)
        .sort(),
    );
  });

  test('that failed halfway leaves it disabled, and is done when it is asked for again', async () => {
    await hub.source('acme', 'dms', stock(base));
    hub.withRecords.add('acme');
    hub.withFiles.add('acme');
    hub.onRaise = async () => {
      throw new Error('The process died.');
    };
    await expect(hub.configuration.removeDealer('acme', { purge: true })).rejects.toThrow('died');
    expect((await hub.dealers.read('acme'))?.value.enabled).toBe(false);
    hub.onRaise = async () => {};
    await hub.configuration.removeDealer('acme', { purge: true });
    expect(await hub.dealers.read('acme')).toBeUndefined();
    expect([...hub.withFiles, ...hub.withRecords]).toEqual([]);
    expect([...hub.withoutHistory]).toEqual(['acme']);
  });
});

describe('what other instances see', () => {
  test('is at most ten seconds old; what this instance wrote is seen at once', async () => {
    const other = testConfiguration(hub.tables, hub.clock);
    await hub.source('acme', 'dms', stock(base));
    await other.sources.pushSource('acme', 'part_stock');
    await hub.source('acme', 'dms', stock({ part_number: 'Number' }));
    expect((await hub.sources.pushSource('acme', 'part_stock')).mapper.columns).toEqual(['Number']);
    expect((await other.sources.pushSource('acme', 'part_stock')).mapper.columns).toContain('PN');
    hub.clock.move(11_000);
    expect((await other.sources.pushSource('acme', 'part_stock')).mapper.columns).toEqual(['Number']);
  });

  test('of a dealer without a source is a second old', async () => {
    const other = testConfiguration(hub.tables, hub.clock);
    await hub.dealer('acme');
    expect((await other.sources.pushSource('acme', 'part_stock')).sourceId).toBeNull();
    await hub.source('acme', 'dms', stock(base));
    hub.clock.move(1_001);
    expect((await other.sources.pushSource('acme', 'part_stock')).sourceId).toBe('dms');
  });
});

describe('what is wrong with a source that is polled', () => {
  const hub = testConfiguration();
  const stockOf = (more: object = {}, own: object = {}) => ({
    connector: 'postgres',
    credential: 'dms',
    entities: {
      part_stock: {
        mapping: { part_number: 'PartNo', on_hand: 'Quantity' },
        modified: 'Changed',
        settings: { table: 'public.stock', key: ['PartNo'] },
        ...own,
      },
    },
    ...more,
  });
  const faultsFor = async (source: unknown): Promise<Record<string, string>> => {
    const dealer = await hub.dealer('acme');
    const error: unknown = await hub.configuration.saveSource(dealer, 'dms', source).catch((thrown) => thrown);
    return Object.fromEntries(faultsOf(error).map(({ field, detail }) => [field, detail]));
  };

  test('is nothing where all is right', async () => {
    expect(await faultsFor(stockOf({ schedule: { cron: '*/15 * * * *' } }))).toEqual({});
  });

  test('is that its secret is not named', async () => {
    const { credential, ...without } = stockOf();
    expect(await faultsFor(without)).toEqual({ credential: expect.stringContaining('Key Vault') });
  });

  test('is a schedule that can not be read, or is never due', async () => {
    expect(await faultsFor(stockOf({ schedule: { cron: '61 * * * *' } }))).toEqual({
      'schedule.cron': expect.stringContaining('not a cron expression'),
    });
    expect(await faultsFor(stockOf({}, { cursor: { sweep: '0 0 31 2 *' } }))).toEqual({
      'entities.part_stock.cursor.sweep': expect.stringContaining('never due'),
    });
  });

  test('is a way to find changes that its connector does not have', async () => {
    expect(await faultsFor(stockOf({}, { cursor: { kind: 'change_tracking' } }))).toEqual({
      'entities.part_stock.cursor.kind': expect.stringContaining('must be one of timestamp'),
    });
  });

  test('is a setting that is missing, unless its pack has it', async () => {
    const missing = stockOf({}, { settings: { key: ['PartNo'] } });
    expect(await faultsFor(missing)).toMatchObject({ 'entities.part_stock.settings.table': expect.any(String) });
    await hub.pack('dms-pack', { entities: { part_stock: { settings: { table: 'public.stock' } } } });
    expect(await faultsFor({ ...missing, extends: 'dms-pack' })).toEqual({});
    const pack = hub.configuration.savePack('dms-pack', {
      entities: { part_stock: { mapping: { part_number: 'PartNo' } } },
    });
    const [broken] = faultsOf(await pack.catch((thrown) => thrown));
    expect(broken).toMatchObject({ detail: expect.stringContaining('breaks the source acme/dms') });
  });
});

test('a source that is polled starts over where it is reset, and where it is gone', async () => {
  const hub = testConfiguration();
  await hub.source('acme', 'dms', {
    connector: 'rest',
    settings: { base_url: 'https://api.example.com' },
    entities: { part: { settings: { path: '/parts' } }, unit: { settings: { path: '/units' } } },
  });
  const source = await hub.sources.read('acme', 'dms');
  if (source === undefined) throw new Error('It was just saved.');
  await hub.configuration.reset(source, 'acme', 'unit');
  expect([hub.raised.at(-1), hub.startedOver]).toEqual(['acme/unit', ['acme/dms/unit']]);
  const dealer = await hub.dealer('acme');
  await hub.configuration.removeSource(dealer, source);
  // Those that it brought once, too: the next source of its id may have another system behind it.
  const all = Object.keys(entities).map((entity) => `acme/dms/${entity}`);
  // Once more behind it: a page may have begun before the source was gone.
  expect(hub.startedOver.slice(1)).toEqual([...all, ...all]);
});
