import { beforeEach, describe, expect, test } from '@jest/globals';
import { type TestConfiguration, testConfiguration } from '../helpers/configuration.ts';

let hub: TestConfiguration;
beforeEach(async () => {
  hub = testConfiguration();
  await hub.dealer('acme', { time_zone: 'America/Chicago' });
});

const brings = (entity: string, more: object = {}) => ({
  connector: 'push',
  entities: { [entity]: { mapping: { part_number: 'PN' }, ...more } },
});

describe('a push comes from', () => {
  test("the dealer's only source with that entity", async () => {
    await hub.source('acme', 'stock', brings('part_stock', { settings: { delimiter: ';' } }));
    await hub.source('acme', 'parts', brings('part'));
    const source = await hub.sources.pushSource('acme', 'part_stock');
    expect(source).toMatchObject({ sourceId: 'stock', settings: { delimiter: ';' } });
    expect(source.mapper.upsert({ PN: 'A' })).toMatchObject({ ok: true, id: 'A::' });
  });

  test('nowhere in particular where no source brings the entity: rows are canonical', async () => {
    await hub.source('acme', 'parts', brings('part'));
    const source = await hub.sources.pushSource('acme', 'part_stock');
    expect(source).toMatchObject({ sourceId: null, settings: {} });
    expect(source.mapper.upsert({ part_number: 'A', as_of: '2026-01-31 06:00:00' })).toMatchObject({
      ok: true,
      data: { as_of: '2026-01-31T12:00:00Z' },
    });
    expect(source.mapper.upsert({ part_number: 'A', PN: 'A' })).toMatchObject({ ok: false });
  });

  test('the source that it names', async () => {
    await hub.source('acme', 'one', brings('part_stock'));
    await hub.source('acme', 'two', brings('part_stock'));
    expect((await hub.sources.pushSource('acme', 'part_stock', 'two')).sourceId).toBe('two');
  });
});

describe('a push is refused', () => {
  test('where two sources bring the entity and none is named; both are listed', async () => {
    await hub.source('acme', 'one', brings('part_stock'));
    await hub.source('acme', 'two', brings('part_stock'));
    await expect(hub.sources.pushSource('acme', 'part_stock')).rejects.toMatchObject({
      code: 'CONFIG_ERROR',
      message: expect.stringContaining('one, two'),
    });
  });

  test('where it names a source that does not exist, or does not bring the entity', async () => {
    await hub.source('acme', 'one', brings('part'));
    for (const name of ['nope', 'one']) {
      const refused = hub.sources.pushSource('acme', 'part_stock', name);
      await expect(refused).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    }
  });

  test("where a source's pack maps the entity, but the source's own list leaves it out: its rows are not canonical", async () => {
    await hub.pack('ours', { entities: { part: { mapping: { part_number: 'PN' } }, part_stock: {} } });
    await hub.source('acme', 'dms', { connector: 'push', extends: 'ours', entities: { part_stock: {} } });
    expect((await hub.sources.pushSource('acme', 'part_stock')).sourceId).toBe('dms');
    await expect(hub.sources.pushSource('acme', 'part')).rejects.toMatchObject({
      code: 'CONFIG_ERROR',
      message: expect.stringContaining('Add "part": {}'),
    });
    expect((await hub.sources.pushSource('acme', 'unit')).sourceId).toBeNull();
    await hub.source('acme', 'plain', { connector: 'push', entities: { part: {} } });
    expect((await hub.sources.pushSource('acme', 'part')).sourceId).toBe('plain');
  });

  test('where its source is disabled: its rows are not canonical all of a sudden', async () => {
    await hub.source('acme', 'one', { ...brings('part_stock'), enabled: false });
    const refusal = { code: 'CONFLICT', message: expect.stringContaining('disabled') };
    await expect(hub.sources.pushSource('acme', 'part_stock')).rejects.toMatchObject(refusal);
    await expect(hub.sources.pushSource('acme', 'part_stock', 'one')).rejects.toMatchObject(refusal);
    await hub.source('acme', 'two', brings('part_stock'));
    expect((await hub.sources.pushSource('acme', 'part_stock')).sourceId).toBe('two');
  });
});

describe('a mapping', () => {
  test('is compiled once, and anew when source, pack or dealer change', async () => {
    await hub.pack('ours', { entities: { part_stock: { mapping: { part_number: 'PN' } } } });
    await hub.source('acme', 'dms', { connector: 'push', extends: 'ours' });
    const first = await hub.sources.pushSource('acme', 'part_stock');
    expect((await hub.sources.pushSource('acme', 'part_stock')).mapper).toBe(first.mapper);
    await hub.pack('ours', { entities: { part_stock: { mapping: { part_number: 'Number' } } } });
    const second = await hub.sources.pushSource('acme', 'part_stock');
    expect(second.mapper.columns).toEqual(['Number']);
    await hub.dealer('acme', { time_zone: 'UTC' });
    expect((await hub.sources.pushSource('acme', 'part_stock')).mapper).not.toBe(second.mapper);
  });

  test("reads times in the source's zone before the dealer's", async () => {
    const time = { connector: 'push', entities: { part_stock: { mapping: { part_number: 'PN', as_of: 'At' } } } };
    const at = async () => {
      const { mapper } = await hub.sources.pushSource('acme', 'part_stock');
      const mapped = mapper.upsert({ PN: 'A', At: '2026-01-31T06:00:00' });
      return mapped.ok ? mapped.data.as_of : mapped.errors;
    };
    await hub.source('acme', 'dms', time);
    expect(await at()).toBe('2026-01-31T12:00:00Z');
    await hub.source('acme', 'dms', { ...time, time_zone: 'Europe/Berlin' });
    expect(await at()).toBe('2026-01-31T05:00:00Z');
  });

  test('of today serves a replay, also of a disabled source; one that is gone says so', async () => {
    await hub.source('acme', 'dms', { ...brings('part_stock'), enabled: false });
    expect((await hub.sources.mapperOf('acme', 'part_stock', 'dms')).columns).toEqual(['PN']);
    expect((await hub.sources.mapperOf('acme', 'part_stock', null)).columns).toContain('part_number');
    const gone = hub.sources.mapperOf('acme', 'part_stock', 'gone');
    await expect(gone).rejects.toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
  });
});
