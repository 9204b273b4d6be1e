import type { ReadRows } from '../connectors/connector.ts';
import { AdpError } from '../errors.ts';
import type { ReadOptions } from './format.ts';
import { formatNamed } from './registry.ts';

/** Rows of an API's answer by the same readers that read files: what connectors are handed. */
export const pulledRows: ReadRows = (body, { format, ...options }) => {
  const reader = formatNamed(format);
  if (reader === undefined) throw new AdpError('INTERNAL', `There is no reader for ${format}.`);
  const given: ReadOptions = options;
  return reader.read(body, given);
};
