import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { asObject, configError, readConfig } from './config.ts';
import { parseJson } from './hostJson.ts';

/** The app's settings: `Values` of local.settings.json, under what the environment says. */
export interface AppSettings {
  get(name: string): string | undefined;
  /** Replaces each `%name%` by that setting; throws CONFIG_ERROR where there is none. */
  resolve(text: string, where: string): string;
}

/**
 * Fills `env` with what local.settings.json says and `env` doesn't, since the app reads its settings from there.
 * @param path of local.settings.json; it needn't exist
 */
export async function readAppSettings(path: string, env: NodeJS.ProcessEnv): Promise<AppSettings> {
  if (existsSync(path)) {
    const config = readConfig(parseJson(await readFile(path, 'utf8'), path), path, ['IsEncrypted', 'Values', 'Host']);
    if (config.flag('IsEncrypted')) throw configError(`${path}: encrypted settings are not supported; decrypt them`);
    for (const [name, value] of Object.entries(asObject(config.members('Values'), path))) {
      if (typeof value !== 'string') throw configError(`${path}: the value of "${name}" must be a text`);
      env[name] ??= value;
    }
  }
  return {
    get: (name) => env[name],
    resolve: (text, where) =>
      text.replaceAll(/%([^%]+)%/g, (_, name: string) => {
        const value = env[name];
        if (value === undefined) throw configError(`${where}: the setting "${name}" of "${text}" is missing`);
        return value;
      }),
  };
}
