import { describe, expect, test } from '@jest/globals';
import { scrubber } from '../../shared/connectors/rest/scrub.ts';
import { withoutSecrets } from '../../shared/errors.ts';
import { quotation, refusalOf } from '../../shared/http/refusal.ts';

test('a message holds no secret, in whatever form it comes back', () => {
  const secret = 'a+b/c="d" &é';
  const forms = [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams({ k: secret }).toString(),
    JSON.stringify({ k: secret }),
    Buffer.from(secret).toString('base64'),
  ];
  expect(withoutSecrets(forms.join(' | '), [secret, '', 'x'])).toBe('*** | *** | k=*** | {"k":"***"} | ***');
});

test.each([
  ['as PHP writes JSON', 'a+b\\/c=\\"d\\" &\\u00e9'],
  ['as .NET does', 'a\\u002Bb/c=\\u0022d\\u0022 \\u0026\\u00E9'],
  ['in JSON within JSON', 'a+b/c=\\\\\\"d\\\\\\" &é'],
  ['in small letters, only where it must be', 'a%2bb/c=%22d%22%20%26%c3%a9'],
  ['in XML', 'a+b/c=&quot;d&#34; &amp;&#xE9;'],
])('nor as the other side may write it: %s', (_, echo) => {
  expect(withoutSecrets(`<${echo}>`, ['a+b/c="d" &é'])).toBe('<***>');
});

test('backslashes are taken out as they are, doubled and escaped', () => {
  for (const secret of ['DOM\\sa:p', '\\\\x\\"y']) {
    const forms = [secret, JSON.stringify(secret), JSON.stringify(JSON.stringify(secret)), encodeURIComponent(secret)];
    for (const form of forms) expect(withoutSecrets(`<${form}>`, [secret])).toMatch(/^<[\\"]*\*\*\*[\\"]*>$/);
  }
  // Whoever knows the secret can't make it cost time.
  const secret = '\\"'.repeat(40);
  const start = performance.now();
  withoutSecrets(`${'\\\\"'.repeat(39)}${'\\'.repeat(2_000)}`, [secret, '\\\\a'.repeat(30)]);
  expect(performance.now() - start).toBeLessThan(4_000);
});

test('a text of nothing but backslashes takes no time: a value that a database repeats may be one', () => {
  const start = performance.now();
  for (const secret of ['s3cret', 'DOM\\s3cret']) {
    for (const written of ['\\', '%5c', '&#92;', '\\u005c']) {
      const text = written.repeat(100_000);
      expect(withoutSecrets(text, [secret])).toBe(text);
    }
  }
  expect(performance.now() - start).toBeLessThan(4_000);
});

test('a quotation holds no secret with blanks in it either', () => {
  expect(quotation('you  said\r\n\tp  w\tx!\n', ['p  w\tx'])).toBe('you said ***!');
});

test('a secret that is as long as they may be takes no time', () => {
  const secret = '"+/=& '.repeat(4_000);
  const start = performance.now();
  expect(withoutSecrets('it was refused', [secret])).toBe('it was refused');
  expect(withoutSecrets(`x${secret.slice(0, 4_000)}`, [secret, secret.slice(0, 3_000)])).toMatch(/^x\*+$/);
  const long = Array.from({ length: 4_000 }, (_, i) => `${i} "`).join('');
  expect(withoutSecrets(`x${JSON.stringify(long)}x${btoa(long)}`, [long])).toMatch(/^x"\*+\\?"x\*+$/);
  expect(performance.now() - start).toBeLessThan(4_000);
});

test('a secret is taken out whole, also where a part of it is another one', () => {
  const texts = ['p/w', 'postgres://u:p%2Fw@h'];
  expect(withoutSecrets(`login p/w and p%2Fw of ${texts[1]} failed`, texts)).toBe('login *** and *** of *** failed');
  const secret = JSON.stringify({
    kind: 'oauth2_refresh_token',
    refresh_token: 'abcd1234',
    client_secret: 'abcd1234efgh',
  });
  expect(scrubber(secret)('abcd1234efgh was refused')).toBe('*** was refused');
});

test('half a character in a secret, which no URL can hold, is no trouble', () => {
  expect(withoutSecrets('login half\ud800 failed', ['half\ud800'])).toBe('login *** failed');
});

test('words are no secrets', () => {
  expect(withoutSecrets('abc', ['', 'a'])).toBe('abc');
  const secret = JSON.stringify({
    kind: 'oauth2_client_credentials',
    client_authentication: 'body',
    client_secret: 's3cret',
  });
  expect(scrubber(secret)('no body for s3cret')).toBe('no body for ***');
});

test('a quotation is cut when it holds no secret any more: half of one would not be recognised', () => {
  expect(quotation(`${'x'.repeat(198)}secret`, ['secret'])).toBe(`${'x'.repeat(198)}**…`);
});

describe('of an answer that is not read to its end, no part of a secret is shown', () => {
  const token = 'tok-5f8e2c91';
  const refused = async (said: string, secret = token) => {
    const body = (async function* () {
      for (let at = 0; at < said.length; at += 100) yield Buffer.from(said.slice(at, at + 100));
    })();
    const headers = new Headers({ 'content-type': 'text/plain' });
    const reply = { status: 400, headers, body, discard: () => undefined };
    return (await refusalOf(reply, new URL('https://dms.example'), [secret], 0)).message;
  };
  const blanks = (count: number) => ' '.repeat(count);

  test.each([
    ['which stands where that ends', token],
    ['in escapes', token.replace('-', '\\u002d')],
  ])('%s', async (_, written) => {
    // Wherever that may be.
    for (let at = 4_000; at < 4_500; at += 9) {
      const message = await refused(`No.${blanks(at)}${written}${blanks(1e5)}`);
      expect(message).toMatch(/answers 400: No\.( \*\*\*)?\. Check/);
    }
  });

  test('that was all secrets but for its end', async () => {
    expect(await refused(`${token.repeat(1_000)} no`)).toMatch(/answers 400(: \*+…?)?\. Check/);
  });

  test('that is itself longer', async () => {
    const long = Array.from({ length: 2_000 }, (_, i) => `${i}-`).join('');
    expect(await refused(`No: ${long}. ${'y'.repeat(1e6)}`, long)).not.toContain('0-1');
  });
});
