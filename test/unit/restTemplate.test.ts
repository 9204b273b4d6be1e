import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEntity, readSource } from '../../shared/connectors/rest/entity.ts';
import type { RestState } from '../../shared/connectors/rest/place.ts';
import { requestFor, resolveLink } from '../../shared/connectors/rest/request.ts';
import { fill, namesIn } from '../../shared/connectors/rest/template.ts';
import type { JsonObject } from '../../shared/model/json.ts';

const source = readSource({ base_url: 'https://api.example.com/v2/' });

function request(settings: JsonObject, state: Partial<RestState> = {}, next?: string) {
  const position = next === undefined ? ({ kind: 'first' } as const) : ({ kind: 'next', next } as const);
  return requestFor(source, readEntity(settings), { state, position, limit: 50 });
}

describe('a request', () => {
  test('is what the settings say, value by value', () => {
    const { method, url, headers, body } = request(
      {
        path: '/dealers/{{cursor}}/parts',
        query: { status: 'in stock & new', after: '{{next}}', n: '{{limit}}', fixed: 7 },
        headers: { 'X-Since': '{{since}}' },
        incremental: { param: 'updated_since', until_param: 'until' },
      },
      { since: '2026-01-02T03:04:05Z', cursor: 'a/b c', until: '2026-02-03T00:00:00Z' },
    );
    expect([method, body]).toEqual(['GET', undefined]);
    expect(url.href).toBe(
      'https://api.example.com/v2/dealers/a%2Fb%20c/parts?status=in%20stock%20%26%20new&n=50&fixed=7&updated_since=2026-01-02T03%3A04%3A05Z&until=2026-02-03T00%3A00%3A00Z',
    );
    expect(headers).toEqual({ accept: 'application/json', 'x-since': '2026-01-02T03:04:05Z' });
  });

  test('leaves out what has no value yet', () => {
    const settings = { path: '/parts', incremental: { param: 'since' }, query: { f: "Modified gt '{{since}}'" } };
    expect(request(settings).url.search).toBe('');
    expect(request(settings, { since: 'T' }).url.searchParams.get('f')).toBe("Modified gt 'T'");
  });

  test('has a body of JSON whose numbers are numbers and whose texts stay texts', () => {
    const body = {
      page: '{{page}}',
      size: '{{limit}}',
      after: '{{next}}',
      filter: { since: '{{since}}', x: [1, null] },
    };
    const asked = request({ path: '/q', method: 'POST', body }, { since: '5' }, '"},"admin":{"');
    expect(JSON.parse(asked.body ?? '')).toEqual({
      page: 1,
      size: 50,
      after: '"},"admin":{"',
      filter: { since: '5', x: [1, null] },
    });
    expect(JSON.parse(request({ path: '/q', method: 'POST', body }).body ?? '')).toEqual({
      page: 1,
      size: 50,
      filter: { x: [1, null] },
    });
  });

  test.each([
    ['application/x-www-form-urlencoded', 'a=1&next={{next}}', 'a=1&next=x%26b%3D%221%3C'],
    ['application/xml', '<q><next>{{next}}</next></q>', '<q><next>x&amp;b=&quot;1&lt;</next></q>'],
    ['application/json', '{"next":"{{next}}"}', '{"next":"x&b=\\"1<"}'],
  ])('has a text of %s, written as that asks for', (type, body, expected) => {
    const asked = request({ path: '/q', method: 'POST', body, headers: { 'Content-Type': type } }, {}, 'x&b="1<');
    expect(asked.body).toBe(expected);
    expect(asked.headers?.['content-type']).toBe(type);
  });

  test.each(['.', '..', ''])('refuses %j as a step of its path', (cursor) => {
    expect(() => request({ path: '/parts/{{cursor}}/x' }, { cursor })).toThrow(/can't stand in the path/);
  });

  test.each(['a\r\nX-Admin: 1', 'a\nb', 'ü', '\0'])('refuses %j in a header', (cursor) => {
    expect(() => request({ path: '/p', headers: { 'x-cursor': '{{cursor}}' } }, { cursor })).toThrow(/a header/);
  });

  test('never lets a value out of its place', () => {
    const settings = {
      path: '/a/{{cursor}}/b',
      query: { one: '{{cursor}}', two: 'x{{next}}y' },
      method: 'POST',
      body: { v: '{{next}}' },
    };
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.string({ unit: 'binary' }), (cursor, next) => {
        fc.pre(cursor !== '.' && cursor !== '..');
        const { url, body } = request(settings, { cursor }, next);
        expect(url.origin).toBe('https://api.example.com');
        expect(url.pathname.split('/')).toHaveLength(5);
        expect(decodeURIComponent(url.pathname.split('/')[3] ?? '')).toBe(cursor.toWellFormed());
        expect([...url.searchParams]).toEqual([
          ['one', cursor.toWellFormed()],
          ['two', `x${next.toWellFormed()}y`],
        ]);
        expect(url.hash).toBe('');
        expect(JSON.parse(body ?? '')).toEqual({ v: next });
      }),
    );
  });

  test('takes no placeholder from a value', () => {
    expect(fill('{{cursor}}-{{page}}', { cursor: '{{page}}', page: 3 }, 'text')).toBe('{{page}}-3');
    expect(namesIn('{{ since }}/{{nope}}')).toEqual(['since', 'nope']);
  });
});

describe('a link to the next page', () => {
  const from = new URL('https://api.example.com/v2/parts?page=1');
  test.each([
    ['?page=2', 'https://api.example.com/v2/parts?page=2'],
    ['/v3/x', 'https://api.example.com/v3/x'],
    ['https://api.example.com/v2/parts?page=2#top', 'https://api.example.com/v2/parts?page=2'],
    ['http://api.example.com/v2/parts?page=2', 'https://api.example.com/v2/parts?page=2'],
    ['http://api.example.com:8080/v2/parts?page=2', 'https://api.example.com/v2/parts?page=2'],
  ])('%s is followed', (link, expected) => {
    expect(resolveLink(source, link, from)).toBe(expected);
  });

  test.each([
    'https://evil.example/v2/parts',
    '//evil.example/x',
    'https://api.example.com:444/x',
    'http://169.254.169.254/latest/meta-data',
    'https://api.example.com.evil.example/',
    'https://user:pw@api.example.com/x',
    'file:///etc/passwd',
    'https://',
  ])('%s is not', (link) => {
    expect(() => resolveLink(source, link, from)).toThrow(
      expect.objectContaining({ code: 'DATA_ERROR', disposition: 'park' }),
    );
  });
});
