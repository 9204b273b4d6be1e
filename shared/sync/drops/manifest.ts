import { checkJson } from '../../check.ts';
import { AdpError } from '../../errors.ts';
import { toEncoding } from '../../formats/encoding.ts';
import { type EntityName, entities } from '../../model/entities.ts';

/** What a dealer's system says of a file, in `{name}.manifest.json` beside it; written after the file. */
const manifestSchema = {
  title: 'Manifest',
  type: 'object',
  additionalProperties: false,
  properties: {
    rows: { type: 'integer', minimum: 0, description: 'Rows, the header not counted.' },
    sha256: { type: 'string', pattern: '^[0-9A-Fa-f]{64}$', description: 'Of the file as it is, packed or not.' },
    timezone: { type: 'string', format: 'time-zone', description: "Of times without a zone; must be the source's." },
    encoding: { type: 'string', description: 'Of text.' },
    schema_version: { type: 'integer', minimum: 1, description: "The canonical schema's that the file was made for." },
  },
} as const;

export interface Manifest {
  readonly rows?: number;
  readonly sha256?: string;
  readonly timezone?: string;
  readonly encoding?: string;
  readonly schema_version?: number;
}

const check = checkJson(manifestSchema);
const suffix = '.manifest.json';

export const maxManifestBytes = 64 * 1024;

export function manifestPathOf(path: string): string {
  return path + suffix;
}

/** The file that a manifest of that path speaks of; undefined where it is no manifest's path. */
export function describedBy(path: string): string | undefined {
  return path.toLowerCase().endsWith(suffix) ? path.slice(0, -suffix.length) : undefined;
}

/**
 * The manifests among files, by the path of the file that each speaks of; of several that of the usual name. Upper and
 * lower case of the ending are one.
 */
export function manifestsAmong<T extends { readonly path: string }>(files: Iterable<T>): Map<string, T> {
  const manifests = new Map<string, T>();
  for (const file of files) {
    const of = describedBy(file.path);
    if (of !== undefined && (file.path === manifestPathOf(of) || !manifests.has(of))) manifests.set(of, file);
  }
  return manifests;
}

/** @throws AdpError `DATA_ERROR` (park) that names what is wrong */
export function parseManifest(content: Uint8Array): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(
      Buffer.from(content)
        .toString()
        .replace(/^\uFEFF/, ''),
    );
  } catch (error) {
    throw mismatch('it is not JSON', error);
  }
  const [fault] = check.faults(value);
  if (fault !== undefined) throw mismatch(`${fault.field} ${fault.detail}`.trim());
  return check.parse(value);
}

/** What of a manifest can be checked before the file is read. @throws AdpError `DATA_ERROR` (park) */
export function checkManifest(
  manifest: Manifest,
  of: {
    readonly entity: EntityName;
    readonly zone: string;
    /** The source's; undefined where it leaves that to the file. */
    readonly encoding: string | undefined;
    /** Lower-case hex. */
    readonly sha256: string;
  },
): void {
  const { sha256, timezone, encoding, schema_version } = manifest;
  if (sha256 !== undefined && sha256.toLowerCase() !== of.sha256) {
    throw mismatch(`it says SHA-256 ${sha256.toLowerCase()}, the file has ${of.sha256}`);
  }
  if (timezone !== undefined && timezone !== of.zone) {
    throw mismatch(`it says time zone ${timezone}, the source has ${of.zone}`);
  }
  if (encoding !== undefined && of.encoding !== undefined && toEncoding(encoding) !== toEncoding(of.encoding)) {
    throw mismatch(`it says encoding ${encoding}, the source has ${of.encoding}`);
  }
  const { schemaVersion } = entities[of.entity];
  if (schema_version !== undefined && schema_version !== schemaVersion) {
    throw mismatch(`it is for version ${schema_version} of the schema of ${of.entity}, which has ${schemaVersion}`);
  }
}

/** @throws AdpError `DATA_ERROR` (park) where the file has another number of rows */
export function checkManifestRows(manifest: Manifest, rows: number): void {
  if (manifest.rows !== undefined && manifest.rows !== rows) {
    throw mismatch(`it says ${manifest.rows} rows, the file has ${rows}`);
  }
}

function mismatch(why: string, cause?: unknown): AdpError {
  return new AdpError('DATA_ERROR', `The manifest does not fit: ${why}. Nothing of the file was applied.`, {
    disposition: 'park',
    cause,
  });
}
