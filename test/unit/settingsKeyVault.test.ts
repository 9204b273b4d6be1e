import { describe, expect, test } from '@jest/globals';
import { readKeyVault, readSettings } from '../../shared/settings.ts';

const others = {
  AzureWebJobsStorage: 'UseDevelopmentStorage=true',
  ServiceBusConnection: 'Endpoint=sb://127.0.0.1;UseDevelopmentEmulator=true',
  COSMOS_ENDPOINT: 'http://127.0.0.1:8081',
  ADMIN_KEY_HASH: '0'.repeat(64),
};
const url = 'https://acme.vault.azure.net';

describe('KEY_VAULT_URL', () => {
  test('is needed by who asks for the vault, and by nobody else', () => {
    expect(readSettings(others).keyVault).toBeUndefined();
    expect(() => readKeyVault({ KEY_VAULT_URL: '' })).toThrow(/KEY_VAULT_URL is missing: expected .*vault\.azure\.net/);
  });

  test('leads to a vault that must prove whom its tokens are for', () => {
    expect(readSettings({ ...others, KEY_VAULT_URL: `${url}/` }).keyVault).toEqual({ url, verifyChallenge: true });
    const settings = { KEY_VAULT_URL: url, AZURE_CLIENT_ID: 'all', KEY_VAULT__clientId: 'own' };
    expect(readKeyVault(settings)).toEqual({ url, verifyChallenge: true, clientId: 'own' });
  });

  test.each([
    'vault',
    'http://acme.vault.azure.net',
    `${url}/secrets`,
    `${url}?x=1`,
    'https://u:p@acme.vault.azure.net',
  ])('is not %s', (malformed) => {
    expect(() => readSettings({ ...others, KEY_VAULT_URL: malformed })).toThrow(/KEY_VAULT_URL is malformed/);
  });

  test.each(['https://localhost:8443', 'https://127.0.0.1:8443', 'https://[::1]:8443'])(
    'may be this machine (%s), but not in Azure',
    (local) => {
      expect(readKeyVault({ KEY_VAULT_URL: local })).toEqual({ url: local, verifyChallenge: false });
      const inAzure = { ...others, KEY_VAULT_URL: local, WEBSITE_INSTANCE_ID: 'a1' };
      expect(() => readSettings(inAzure)).toThrow(/leads to this machine/);
    },
  );

  test('a name that only begins like this machine is another one', () => {
    const lookalike = 'https://localhost.example.com';
    expect(readKeyVault({ KEY_VAULT_URL: lookalike, WEBSITE_INSTANCE_ID: 'a1' }).verifyChallenge).toBe(true);
  });
});
