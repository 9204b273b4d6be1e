import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Answer, Call } from '../../local/keyVault/http.ts';
import { openSecrets, type Secrets } from '../../shared/credentials/keyVault.ts';
import { AdpError } from '../../shared/errors.ts';
import { describeError } from '../../shared/telemetry/log.ts';
import { type TestVault, testVaults, type Vaults } from '../helpers/keyVault.ts';

let vaults: Vaults;
let vault: TestVault;
let now = Date.now();
let calls: string[] = [];
let fault: ((call: Call) => Answer | undefined) | undefined;

beforeAll(async () => {
  vaults = await testVaults();
  vault = await vaults.start({
    fault: (call) => {
      calls.push(call.method);
      return fault?.(call);
    },
  });
});
afterEach(() => {
  calls = [];
  fault = undefined;
});
afterAll(() => vaults.stop());

const open = (url = vault.url): Secrets => openSecrets({ url, verifyChallenge: false }, () => now);

async function failureOf(call: Promise<unknown>): Promise<AdpError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AdpError) return error;
  throw new Error(`It did not fail as it should: ${inspect(error)}`);
}

const refuse = (status: number, code: string, innerCode?: string, headers: Record<string, string> = {}) => {
  const innererror = innerCode === undefined ? {} : { innererror: { code: innerCode } };
  fault = () => ({ status, headers, body: { error: { code, message: 'no', ...innererror } } });
};

describe('a secret', () => {
  test('is read once in five minutes, unless it is wanted fresh', async () => {
    const secrets = open();
    const first = await secrets.set('kept', 'one');
    expect(await secrets.get('kept')).toEqual(first);
    calls = [];
    const rotated = await open().set('kept', 'two');
    expect(await secrets.get('kept')).toEqual(first);
    expect(await secrets.get('kept', { fresh: true })).toEqual(rotated);
    expect(await secrets.get('kept')).toEqual(rotated);
    expect(rotated.version).not.toBe(first.version);
    expect(calls).toEqual(['PUT', 'GET']);

    await open().set('kept', 'three');
    now += 5 * 60_000;
    expect((await secrets.get('kept')).value).toBe('three');
  });

  test('that was set here is read anew', async () => {
    const secrets = open();
    await secrets.set('own', 'one');
    await secrets.get('own');
    await secrets.set('own', 'two');
    expect((await secrets.get('own')).value).toBe('two');
  });

  test('that could not be read is asked for again', async () => {
    const secrets = open();
    expect((await failureOf(secrets.get('late'))).code).toBe('CONFIG_ERROR');
    await open().set('late', 'now');
    expect((await secrets.get('late')).value).toBe('now');
  });
});

describe('an error says what to do', () => {
  test('a missing secret is put there', async () => {
    const error = await failureOf(open().get('missing'));
    expect(error).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(error.message).toContain('adp secrets set missing');
  });

  test.each([
    ['a disabled one', [403, 'Forbidden', 'SecretDisabled'], 'CONFIG_ERROR', 'park', /enable it/],
    ['a firewall', [403, 'Forbidden', 'ForbiddenByFirewall'], 'AUTH_FAILED', 'park', /network/],
    ['a role that is missing', [403, 'Forbidden', 'ForbiddenByRbac'], 'AUTH_FAILED', 'park', /role Key Vault Secrets/],
    ['a deleted one', [409, 'Conflict', 'ObjectIsDeletedButRecoverable'], 'CONFLICT', 'park', /recover it/],
    ['an outage', [503, 'ServiceUnavailable'], 'NETWORK_ERROR', 'retry', /does not answer/],
  ] as const)('%s', async (_, [status, code, inner], expected, disposition, advice) => {
    refuse(status, code, inner);
    for (const call of [() => open().get('any'), () => open().set('any', 'hush-hush')]) {
      const error = await failureOf(call());
      expect(error).toMatchObject({ code: expected, disposition });
      expect(error.message).toMatch(advice);
    }
    expect(calls).toEqual(['GET', 'PUT']);
  });

  test('a throttled call waits for as long as Key Vault says, but not here', async () => {
    refuse(429, 'Throttled', undefined, { 'retry-after': '30' });
    expect(await failureOf(open().get('any'))).toMatchObject({
      code: 'RATE_LIMITED',
      disposition: 'retry',
      retryAfterMs: 30_000,
    });
    expect(calls).toEqual(['GET']);
  });

  test('a vault that is away, or not trusted, is asked again later', async () => {
    const away = await vaults.start();
    await away.server.close();
    expect(await failureOf(open(away.url).get('any'))).toMatchObject({ code: 'NETWORK_ERROR', disposition: 'retry' });
  });

  test('an app that gets no token asks again later', async () => {
    const login = {
      AZURE_TOKEN_CREDENTIALS: 'EnvironmentCredential',
      AZURE_TENANT_ID: 'common',
      AZURE_CLIENT_ID: 'hub',
      AZURE_CLIENT_SECRET: 'hush-hush',
      AZURE_AUTHORITY_HOST: 'https://127.0.0.1:1',
    };
    const before = { ...process.env };
    Object.assign(process.env, login);
    try {
      const error = await failureOf(open().get('any'));
      expect(error).toMatchObject({ code: 'AUTH_FAILED', disposition: 'retry' });
      expect(error.message).toContain('got no token');
      expect(describeError(error)).not.toContain('hush-hush');
    } finally {
      for (const name of Object.keys(login)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });

  test('a name that Key Vault does not have is refused before it is asked', async () => {
    expect(await failureOf(open().get('acme_dms'))).toMatchObject({ code: 'CONFIG_ERROR', disposition: 'park' });
    expect(await failureOf(open().get('../keys'))).toMatchObject({ code: 'CONFIG_ERROR' });
    expect(calls).toEqual([]);
  });
});

test('a value that Key Vault would not take is refused before it is sent', async () => {
  const error = await failureOf(open().set('long', 'é'.repeat(12_801)));
  expect(error).toMatchObject({ code: 'CONFIG_ERROR', message: expect.stringContaining('25602 bytes') });
  expect(calls).toEqual([]);
});

test('no error holds the value, however deep one looks', async () => {
  const value = 'Password=hush-hush';
  for (const status of [400, 401, 403, 404, 409, 429, 500]) {
    refuse(status, 'Any');
    const error = await failureOf(open().set('any', value));
    for (const text of [describeError(error), inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error)]) {
      expect(text).not.toContain('hush-hush');
    }
  }
});
