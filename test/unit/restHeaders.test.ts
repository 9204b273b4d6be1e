import { describe, expect, test } from '@jest/globals';
import { nextLink } from '../../shared/connectors/rest/linkHeader.ts';
import { askedPauseMs } from '../../shared/http/askedPause.ts';

describe('a Link header', () => {
  test.each([
    ['<https://a/x?page=2>; rel="next"', 'https://a/x?page=2'],
    ['<https://a/1>; rel="prev", <https://a/3>; rel="next", <https://a/9>; rel="last"', 'https://a/3'],
    ['<https://a/x,y;z>;rel=next', 'https://a/x,y;z'],
    ['<a>; title="rel=\\"next\\", <b>"; rel="last", <c>; REL="Last NEXT"', 'c'],
    ['<a>; rel="prev"; rel="next"', undefined],
    ['<a>; rel="nextish"', undefined],
    ['<a>; anchor; rel=next', 'a'],
    ['</x?a=1>;   rel = "next"  ', '/x?a=1'],
    ['rel="next"', undefined],
    ['', undefined],
  ])('%s leads to %s', (header, expected) => {
    expect(nextLink(header)).toBe(expected);
  });

  test('takes no longer the more there is of it', () => {
    const started = process.cpuUsage();
    nextLink(`<a>${';a=""'.repeat(20_000)}${'; '.repeat(20_000)}!`);
    nextLink(`<a>${'; x'.repeat(20_000)}"`);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_000);
  });
});

describe('headers about limits', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  const pause = (headers: Record<string, string>) => askedPauseMs(new Headers(headers), now);

  test.each<[Record<string, string>, number | undefined]>([
    [{}, undefined],
    [{ 'retry-after': '7' }, 7_000],
    [{ 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Fri, 20 Nov 2026 11:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{ ratelimit: '"default";r=0;t=30' }, 30_000],
    [{ ratelimit: '"default";r=5;t=30' }, undefined],
    [{ ratelimit: '"a;r=0;t=9";r=1;t=30, "b";t=12;r=0' }, 12_000],
    [{ ratelimit: 'limit=100, remaining=0, reset=9' }, 9_000],
    [{ ratelimit: 'limit=100, remaining=10, reset=9' }, undefined],
    [{ 'ratelimit-remaining': '0', 'ratelimit-reset': '4' }, 4_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / 1_000 + 20) }, 20_000],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 20) }, 20],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-11-20T12:00:05Z' }, 5_000],
    [{ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '4' }, undefined],
    [{ 'x-ratelimit-remaining': '0' }, undefined],
    [{ 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '0.5' }, 500],
    [{ 'retry-after': '7', 'ratelimit-remaining': '0', 'ratelimit-reset': '9' }, 7_000],
    [{ 'retry-after': '999999' }, 3_600_000],
  ])('%j ask for %s ms', (headers, expected) => {
    expect(pause(headers)).toBe(expected);
  });
});
