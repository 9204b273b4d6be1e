import { AdpError } from '../../shared/errors.ts';

/** Reads the members of one object of a configuration file, or of a binding. Every error names the place and the member. */
export interface ConfigReader {
  text(key: string): string | undefined;
  integer(key: string, least: number): number | undefined;
  flag(key: string): boolean | undefined;
  texts(key: string): readonly string[] | undefined;
  /** Milliseconds, from a .NET TimeSpan (`[d.]hh:mm:ss[.fff]`). */
  duration(key: string): number | undefined;
  /** An object's members as they are; `{}` where there is none. */
  members(key: string): Readonly<Record<string, unknown>>;
}

/** Refuses whatever isn't in `known`: a setting that the local host would ignore must not look as if it worked. */
export function readConfig(value: unknown, where: string, known: readonly string[]): ConfigReader {
  const config = asObject(value ?? {}, where);
  for (const key of Object.keys(config)) {
    if (!known.includes(key)) {
      throw configError(`${where}: the local host doesn't support "${key}" (it knows ${known.join(', ')})`);
    }
  }
  const read = <T>(key: string, expected: string, parse: (value: unknown) => T | undefined): T | undefined => {
    if (config[key] === undefined) return undefined;
    const parsed = parse(config[key]);
    if (parsed === undefined) {
      throw configError(`${where}: "${key}" must be ${expected}, not ${JSON.stringify(config[key])}`);
    }
    return parsed;
  };
  return {
    text: (key) => read(key, 'a text', (it) => (typeof it === 'string' ? it : undefined)),
    integer: (key, least) =>
      read(key, `a whole number of at least ${least}`, (it) =>
        typeof it === 'number' && Number.isInteger(it) && it >= least ? it : undefined,
      ),
    flag: (key) => read(key, 'true or false', (it) => (typeof it === 'boolean' ? it : undefined)),
    texts: (key) =>
      read(key, 'a list of texts', (it) =>
        Array.isArray(it) && it.every((text) => typeof text === 'string') ? it : undefined,
      ),
    duration: (key) => read(key, 'a duration like "00:05:00"', parseTimeSpan),
    members: (key) => (config[key] === undefined ? {} : asObject(config[key], `${where}, "${key}"`)),
  };
}

export function configError(message: string, cause?: unknown): AdpError {
  return new AdpError('CONFIG_ERROR', message, { cause });
}

export function asObject(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw configError(`${where} must be an object`);
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseTimeSpan(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const found = /^(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,7}))?$/.exec(value);
  if (!found) return undefined;
  const [, days = '0', hours = '0', minutes = '0', seconds = '0', fraction = '0'] = found;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return wholeSeconds * 1000 + Math.round(Number(`0.${fraction}`) * 1000);
}
