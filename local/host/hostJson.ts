import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfigReader, configError, readConfig } from './config.ts';

/** What the local host takes from `host.json`. */
export interface HostJson {
  /** Milliseconds that an invocation may run; undefined: for ever. */
  readonly functionTimeoutMs: number | undefined;
  /** `extensions`: by trigger, still to be read by that trigger. */
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** Of the Flex Consumption plan: https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout */
const defaultTimeoutMs = 30 * 60_000;

/**
 * Reads `host.json` of the built app. `logging` and `extensionBundle` are read by Azure only.
 * @param sections the sections of `extensions` that a trigger of ours reads; others are refused
 */
export async function readHostJson(appDir: string, sections: readonly string[]): Promise<HostJson> {
  const path = join(appDir, 'host.json');
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw configError(`${path} can't be read. Is the app built (npm run build)?`, error);
  });
  const known = ['version', 'functionTimeout', 'extensions', 'extensionBundle', 'logging', '$schema'];
  const config = readConfig(parseJson(text, path), path, known);
  if (config.text('version') !== '2.0') throw configError(`${path}: "version" must be "2.0"`);

  const extensions = config.members('extensions');
  readConfig(extensions, `${path}, "extensions"`, sections);
  return { functionTimeoutMs: readTimeout(config), extensions };
}

export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw configError(`${path} is not JSON`, error);
  }
}

// "-1" is how host.json says "without a limit".
function readTimeout(config: ConfigReader): number | undefined {
  if (config.text('functionTimeout') === '-1') return undefined;
  return config.duration('functionTimeout') ?? defaultTimeoutMs;
}
