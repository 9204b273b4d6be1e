import { readFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { AdpError } from '../shared/errors.ts';
import { findStack, notAStackFile } from './stackFile.ts';

type Settings = Readonly<Record<string, string | undefined>>;

/** What a stack tells of the way to its vault: the vault, the identity that may use it, and whom to trust. */
const settingNames = [
  'KEY_VAULT_URL',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
  'AZURE_TOKEN_CREDENTIALS',
  'NODE_EXTRA_CA_CERTS',
] as const;

/**
 * The settings that lead to Key Vault: this process's own where it has KEY_VAULT_URL, or else those of the local stack,
 * which this process takes on, since the SDK and TLS look for them in the process itself.
 *
 * @throws AdpError CONFIG_ERROR that says how to be connected
 */
export async function findVault(env: Settings, cwd: string): Promise<Settings> {
  if (env.KEY_VAULT_URL) return env;
  const stack = await findStack(cwd);
  if (stack === undefined) {
    throw new AdpError(
      'CONFIG_ERROR',
      'no Key Vault to talk to: start the local one with npm start, or set KEY_VAULT_URL',
    );
  }
  const settings = await takeOnVault(stack.content.settings);
  if (settings === undefined) throw notAStackFile(stack.path);
  return settings;
}

/**
 * Takes on those of a stack's settings that lead to its vault: the SDK and TLS look for them in the process itself.
 *
 * @param all not checked
 * @returns what was taken; undefined where they lead to none
 */
export async function takeOnVault(all: unknown): Promise<Settings | undefined> {
  const settings = readSettings(all);
  if (settings.KEY_VAULT_URL === undefined) return undefined;
  Object.assign(process.env, settings);
  if (settings.NODE_EXTRA_CA_CERTS !== undefined) await trust(settings.NODE_EXTRA_CA_CERTS);
  return settings;
}

function readSettings(all: unknown): Settings {
  if (typeof all !== 'object' || all === null) return {};
  const given: Readonly<Record<string, unknown>> = { ...all };
  const texts = settingNames.flatMap((name) => {
    const value = given[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(texts);
}

/** Node reads NODE_EXTRA_CA_CERTS only as it starts. */
async function trust(file: string): Promise<void> {
  const certificates = (await readFile(file, 'utf8')).match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  );
  setDefaultCACertificates([...getCACertificates('default'), ...(certificates ?? [])]);
}
