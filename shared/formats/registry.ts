import { arrow } from './arrow.ts';
import { csv } from './csv.ts';
import type { Format, FormatName } from './format.ts';
import { json } from './json.ts';
import { ndjson } from './ndjson.ts';
import { parquet } from './parquet.ts';
import { xlsx } from './xlsx.ts';
import { xml } from './xml.ts';

/** By their content the first that fits is taken: an NDJSON line is also how JSON may begin. */
const formats: readonly Format[] = [parquet, arrow, xlsx, xml, ndjson, json, csv];

/** The format of a Content-Type (parameters are ignored), or undefined where we read none of that type. */
export function formatByMediaType(contentType: string): Format | undefined {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return formats.find((format) => format.mediaTypes.includes(mediaType));
}

/** The format of a file by the last extension of its name. `.gz` and `.zip` are taken off by `openFile`. */
export function formatByExtension(fileName: string): Format | undefined {
  const extension = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
  return formats.find((format) => format.extensions.includes(extension));
}

export function formatNamed(name: FormatName): Format | undefined {
  return formats.find((format) => format.name === name);
}

/** The format of data that begin so, where that is beyond doubt; CSV never is. */
export function detectFormat(start: Uint8Array): Format | undefined {
  return formats.find((format) => format.detect(start));
}

export function knownExtensions(): string[] {
  return formats.flatMap((format) => format.extensions);
}
