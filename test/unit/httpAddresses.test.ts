import { describe, expect, test } from '@jest/globals';
import { addressesOf } from '../../shared/http/addresses.ts';
import { retryAfterMs } from '../../shared/http/retryAfter.ts';
import { withoutQuery, withQuery } from '../../shared/http/target.ts';

const isAllowed = (address: string, networks: readonly string[] = []) =>
  addressesOf(networks).refusalOf(address) === undefined;

describe('of all addresses', () => {
  test.each(['8.8.8.8', '1.1.1.1', '20.42.65.92', '172.15.255.255', '172.32.0.1', '100.128.0.1', '2606:4700::1111'])(
    '%s is of the internet',
    (address) => expect(isAllowed(address)).toBe(true),
  );

  test.each([
    ...['0.1.2.3', '10.0.0.1', '100.127.255.255', '127.1.2.3', '169.254.1.1', '172.31.255.255', '192.168.0.1'],
    ...['192.0.2.1', '198.19.0.1', '203.0.113.1', '224.0.0.1', '255.255.255.255', '240.0.0.1'],
    ...['::', '::1', '::ffff:8.8.8.8', '::8.8.8.8', '64:ff9b::808:808', '64:ff9b:1::1', '100::1', 'fc00::1', 'fd00::1'],
    ...[
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'ff02::1',
      '2001::1',
      '2001:db8::1',
      '2002:a00:1::1',
      '3fff::1',
      '5f00::1',
    ],
    ...['', 'localhost', '10.0.0', '8.8.8.8 '],
  ])('%s is not', (address) => expect(isAllowed(address)).toBe(false));
});

describe('of the networks that a source lists', () => {
  test.each<[string, string[], boolean]>([
    ['10.1.2.3', ['10.1.0.0/16'], true],
    ['10.2.2.3', ['10.1.0.0/16'], false],
    ['::1', ['::1'], true],
    ['fd12::1', ['10.0.0.0/8', 'fd12::/48'], true],
    ['::ffff:10.1.2.3', ['10.1.0.0/16'], true],
    ['::ffff:10.2.2.3', ['10.1.0.0/16'], false],
    // The way and the place where it leads.
    ['64:ff9b::8.8.8.8', ['64:ff9b::/96'], true],
    ['64:ff9b::10.1.2.3', ['64:ff9b::/96'], false],
    ['64:ff9b::10.1.2.3', ['64:ff9b::/96', '10.1.0.0/16'], true],
  ])('%s in %j: %s', (address, networks, expected) => expect(isAllowed(address, networks)).toBe(expected));

  test.each([
    ...['169.254.169.254', '169.254.170.2', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fe80::1%eth0'],
    ...['::ffff:169.254.169.254', '::169.254.169.254', '64:ff9b::a9fe:a9fe', '::ffff:0:169.254.169.254'],
  ])('%s is in none', (address) => expect(isAllowed(address, ['0.0.0.0/0', '::/0'])).toBe(false));

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'fd00::/129',
    'example.com',
    '',
    '10.0.0.0/1e1',
  ])('"%s" is refused by name', (network) =>
    expect(() => addressesOf([network])).toThrow(`settings.networks: "${network}" is no network`),
  );
});

test.each<[string, number | undefined]>([
  ['5', 5_000],
  ['0', 0],
  ['1.5', 1_500],
  ['99999999', 3_600_000],
  ['Sun, 06 Nov 1994 08:50:37 GMT', 60_000],
  ['Sunday, 06-Nov-94 08:50:37 GMT', 60_000],
  ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
  ['Sun, 06 Nov 2094 08:00:00 GMT', 3_600_000],
  ['soon', undefined],
  ['-5', undefined],
  ['2026-01-01', undefined],
  ['', undefined],
])('Retry-After: %s', (value, expected) => {
  const headers = new Headers({ 'retry-after': value, date: 'Sun, 06 Nov 1994 08:49:37 GMT' });
  expect(retryAfterMs(headers, Date.parse('2026-11-20T12:00:00Z'))).toBe(expected);
  const now = Date.parse('1994-11-06T08:49:37Z');
  expect(retryAfterMs(new Headers({ 'retry-after': value }), now)).toBe(expected);
});

test('a key in the query changes nothing else there, and can be taken out again', () => {
  const url = new URL('https://a.example.com/x?b=%20+%2B&key=old&c&k%65y=old&b=2');
  const sent = withQuery(url, { key: 'a&b' });
  expect(sent.search).toBe('?b=%20+%2B&c&b=2&key=a%26b');
  expect(withoutQuery(sent, ['key']).search).toBe('?b=%20+%2B&c&b=2');
  expect(withQuery(new URL('https://a.example.com/'), { key: 'k' }).href).toBe('https://a.example.com/?key=k');
});
