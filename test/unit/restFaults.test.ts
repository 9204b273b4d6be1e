import { describe, expect, test } from '@jest/globals';
import { checkJson, invalid } from '../../shared/check.ts';
import type { CursorSettings } from '../../shared/connectors/connector.ts';
import { rest } from '../../shared/connectors/rest/rest.ts';
import type { JsonObject } from '../../shared/model/json.ts';
import { secretsIn } from '../../shared/sources/secrets.ts';

const sourceCheck = checkJson(rest.settings.source);
const entityCheck = checkJson(rest.settings.entity);
const full: CursorSettings = { kind: 'full', column: undefined, overlapSeconds: 300, overlapIds: 10 };
const source = { base_url: 'https://api.example.com/v2' };

function faults(entity: JsonObject, cursor: Partial<CursorSettings> = {}, settings: JsonObject = source): string[] {
  expect(sourceCheck.faults(settings)).toEqual([]);
  expect(entityCheck.faults(entity)).toEqual([]);
  return rest.faultsOf?.(settings, { settings: entity, cursor: { ...full, ...cursor } }) ?? [];
}

describe('settings by their schema', () => {
  test.each<JsonObject>([
    {},
    { base_url: 'ftp://x' },
    { base_url: 'https://user:pw@x' },
    { base_url: 'https://x?key=1' },
    { base_url: 'https://x', headers: { 'a b': '1' } },
    { base_url: 'https://x', cache: { ttl_seconds: 0 } },
    { base_url: 'https://x', networks: ['dms.local'] },
    { base_url: 'https://x', networks: ['10.0.0.0/8/8'] },
  ])('%j are refused for a source', (settings) => {
    expect(sourceCheck.faults(settings)).not.toEqual([]);
  });

  test.each<JsonObject>([
    {},
    { path: '' },
    { path: '/x', method: 'DELETE' },
    { path: '/x', pagination: {} },
    { path: '/x', pagination: { kind: 'pages' } },
    { path: '/x', pagination: { kind: 'page', size: 0 } },
    { path: '/x', incremental: { format: 'iso' } },
    { path: '/x', incremental: { zone: 'Mars/Base' } },
    { path: '/x', soft_delete: {} },
    { path: '/x', query: { 'a&b': '1' } },
    { path: '/x', total: {} },
    { path: '/x', total: { path: 'n', header: 'x-n' } },
    { path: '/x', sync_token: {} },
    { path: '/x', unknown: 1 },
  ])('%j are refused for an entity', (settings) => {
    expect(entityCheck.faults(settings)).not.toEqual([]);
  });
});

test('a name that can not stand where it does is told from one that is not known', () => {
  const said = entityCheck.faults({ path: '/x', query: { 'a&b': '1' }, pages: 1 }).map(({ detail }) => detail);
  expect(said).toEqual([
    expect.stringMatching(/^is not known here; known are path, /),
    expect.stringMatching(/^has a name that must match \^\[/),
  ]);
});

describe('settings that are fine', () => {
  test.each<[JsonObject, Partial<CursorSettings>]>([
    [{ path: '/parts' }, {}],
    [{ path: 'parts/{{until}}', pagination: { kind: 'page', param: 'page' } }, {}],
    [
      { path: '/p', query: { q: 'Modified gt {{since}}' } },
      { kind: 'timestamp', column: 'm' },
    ],
    [{ path: '/p', incremental: { param: 'since' } }, { kind: 'timestamp' }],
    [
      { path: '/p/{{since}}', incremental: { initial: '0' } },
      { kind: 'monotonic_id', column: 'id' },
    ],
    [{ path: '/p', incremental: { param: 'sync' }, sync_token: { path: 'a.b' } }, { kind: 'token' }],
    [{ path: '/p', method: 'POST', body: { p: '{{next}}' }, pagination: { kind: 'cursor', from: 'next' } }, {}],
    [{ path: '/p', format: 'csv', pagination: { kind: 'link_header' }, total: { header: 'x-total' } }, {}],
  ])('%j', (entity, cursor) => {
    expect(faults(entity, cursor)).toEqual([]);
  });

  test('hold no secrets, though their names may sound so', () => {
    expect(secretsIn({ query: { page_token: '{{next}}' }, sync_token: { path: 'nextSyncToken' } }, [])).toEqual([]);
    expect(secretsIn({ query: { page_token: 'x{{next}}', api_key: 'k' } }, [])).toEqual([
      'query.page_token',
      'query.api_key',
    ]);
  });
});

describe('settings that can not work', () => {
  test.each<[JsonObject, Partial<CursorSettings>, string]>([
    [{ path: '/{{nope}}' }, {}, '{{nope}} is not known'],
    [{ path: '/p', query: { a: '{{secret}}' } }, {}, '{{secret}} is not known'],
    [{ path: '/p', method: 'POST', body: { a: [{ b: '{{x y}}' }] } }, {}, '{{x y}} is not known'],
    [{ path: 'https://evil.example/' }, {}, 'added to base_url'],
    [{ path: '//evil.example/' }, {}, 'added to base_url'],
    [{ path: '/a\\b' }, {}, 'added to base_url'],
    [{ path: '/a/../../admin' }, {}, '. or .. as a step'],
    [{ path: '/a/%2e%2E/x' }, {}, '. or .. as a step'],
    [{ path: '/a?b=1' }, {}, 'without ? and #'],
    [{ path: '/{{since}}' }, { kind: 'timestamp' }, 'incremental.initial'],
    [{ path: '/{{next}}' }, {}, '{{next}}'],
    [{ path: '/p', headers: { Authorization: 'x' } }, {}, 'credential'],
    [{ path: '/p', headers: { 'if-none-match': 'x' } }, {}, "can't be set"],
    [{ path: '/p', headers: { 'Accept-Encoding': 'gzip' } }, {}, "can't be set"],
    [{ path: '/p', headers: { 'Proxy-Connection': 'close' } }, {}, "can't be set"],
    [{ path: '/p', body: 'x' }, {}, 'POST'],
    [{ path: '/p', pagination: { kind: 'page' } }, {}, '{{page}}'],
    [{ path: '/p', pagination: { kind: 'offset' } }, {}, '{{offset}}'],
    [{ path: '/p', pagination: { kind: 'cursor', from: 'a' } }, {}, '{{next}}'],
    [{ path: '/p', pagination: { kind: 'cursor', param: 'a' } }, {}, 'one of from, header and from_row'],
    [{ path: '/p', pagination: { kind: 'cursor', param: 'a', from: 'a', header: 'b' } }, {}, 'one of from'],
    [{ path: '/p', pagination: { kind: 'next_url' } }, {}, 'pagination.from is missing'],
    [{ path: '/p', pagination: { kind: 'link_header', param: 'x' } }, {}, 'pagination.param means nothing'],
    [{ path: '/p' }, { kind: 'timestamp', column: 'm' }, "isn't told what was read"],
    [{ path: '/p', incremental: { param: 'since' } }, {}, 'cursor.kind full'],
    [{ path: '/p', incremental: { param: 'x' } }, { kind: 'monotonic_id' }, 'cursor.column is missing'],
    [{ path: '/p', incremental: { param: 'x' } }, { kind: 'token' }, 'sync_token is missing'],
    [{ path: '/p', format: 'csv', total: { path: 'n' } }, {}, 'total.path can be read from JSON only'],
    [{ path: '/p', format: 'xml', pagination: { kind: 'next_url', from: 'n' } }, {}, 'pagination.from can be read'],
    [{ path: '/p', records: 'a', format: 'csv' }, {}, 'records is for json'],
    [{ path: '/p', delimiter: ';' }, {}, 'delimiter is for csv'],
  ])('%j %j', (entity, cursor, said) => {
    expect(faults(entity, cursor)).toEqual([expect.stringContaining(said)]);
  });

  test('plain http, unless the source says so', () => {
    const plain = { base_url: 'http://dms.local' };
    expect(faults({ path: '/p' }, {}, plain)).toEqual([expect.stringContaining('allow_http')]);
    expect(faults({ path: '/p' }, {}, { ...plain, allow_http: true })).toEqual([]);
  });
});

test('what is wrong in several ways is told in one sentence', () => {
  const code = 'CONFIG_ERROR';
  const faults = [
    { field: 'schedule.cron', code, detail: 'is missing' },
    { field: '', code, detail: 'base_url is plain http.' },
  ] as const;
  expect(invalid('The source', faults).message).toBe(
    'The source is not valid: schedule.cron is missing; base_url is plain http.',
  );
});
