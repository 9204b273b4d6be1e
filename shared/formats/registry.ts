import { csv } from './csv.ts';
import type { Format } from './format.ts';
import { json } from './json.ts';
import { ndjson } from './ndjson.ts';
import { xml } from './xml.ts';

const formats: readonly Format[] = [csv, json, ndjson, xml];

/** The format of a Content-Type (parameters are ignored), or undefined where we read none of that type. */
export function formatByMediaType(contentType: string): Format | undefined {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return formats.find((format) => format.mediaTypes.includes(mediaType));
}

/** The format of a file by the last extension of its name. `.gz` and `.zip` are taken off by whoever unpacks. */
export function formatByExtension(fileName: string): Format | undefined {
  const extension = /\.([^./\\]+)$/.exec(fileName)?.[1]?.toLowerCase() ?? '';
  return formats.find((format) => format.extensions.includes(extension));
}
