/** Where the files come from that dealers' servers hold: a folder (also a mounted share), or a share of Azure Files. */
export type ShareSettings =
  | { readonly kind: 'folder'; readonly folder: string }
  | { readonly kind: 'share'; readonly name: string; readonly connectionString: string }
  | { readonly kind: 'share'; readonly name: string; readonly fileServiceUri: string; readonly clientId?: string };

/** What the doors of files are told. */
export interface FileSettings {
  /** `DROPS_TRIGGER_MAX_MB`, in bytes. Larger blobs are left to the sweep, since a trigger hands over the whole blob. */
  readonly triggerMaxBytes: number;
  /** `SHARES_…`; absent where files are only ever uploaded into `drops`. */
  readonly share?: ShareSettings;
  /** `SHARES_SCAN_SCHEDULE`: when shares are scanned and `drops` is swept; six fields, seconds first. */
  readonly scanSchedule: string;
}

const everyMinute = '0 * * * * *';
const defaultTriggerMaxMb = 64;

/**
 * `SHARES_FOLDER`: a folder's path; or `SHARES_NAME`, a share of Azure Files, with `SHARES_CONNECTION` (a storage
 * connection string) or, by the app's identity, `SHARES_CONNECTION__fileServiceUri`.
 */
export function readFileSettings(env: Readonly<Record<string, string | undefined>>, problems: string[]): FileSettings {
  const optional = (name: string) => (env[name] === '' ? undefined : env[name]);
  const scanSchedule = optional('SHARES_SCAN_SCHEDULE') ?? everyMinute;
  if (scanSchedule.trim().split(/\s+/).length !== 6) {
    problems.push('SHARES_SCAN_SCHEDULE is malformed: expected six fields, seconds first, such as 0 * * * * *');
  }
  const megabytes = Number(optional('DROPS_TRIGGER_MAX_MB') ?? defaultTriggerMaxMb);
  if (!(Number.isFinite(megabytes) && megabytes >= 0)) {
    problems.push('DROPS_TRIGGER_MAX_MB is malformed: expected a number of megabytes');
  }
  const share = readShare(optional, problems);
  return {
    triggerMaxBytes: megabytes * 1024 * 1024,
    scanSchedule,
    ...(share === undefined ? {} : { share }),
  };
}

function readShare(optional: (name: string) => string | undefined, problems: string[]): ShareSettings | undefined {
  const folder = optional('SHARES_FOLDER');
  const name = optional('SHARES_NAME');
  const connectionString = optional('SHARES_CONNECTION');
  const fileServiceUri = optional('SHARES_CONNECTION__fileServiceUri');
  if (folder !== undefined) {
    if (name !== undefined) problems.push('SHARES_FOLDER and SHARES_NAME exclude each other: set one of them');
    return { kind: 'folder', folder };
  }
  if (name === undefined) {
    if (connectionString !== undefined || fileServiceUri !== undefined) {
      problems.push('SHARES_NAME is missing: expected the name of a share in Azure Files');
    }
    return undefined;
  }
  if (connectionString !== undefined) {
    if (!connectionString.includes('AccountName=') && !connectionString.includes('SharedAccessSignature=')) {
      problems.push('SHARES_CONNECTION is malformed: expected a storage connection string');
    }
    return { kind: 'share', name, connectionString };
  }
  if (fileServiceUri === undefined || !URL.canParse(fileServiceUri)) {
    const expected = 'a storage connection string; or set SHARES_CONNECTION__fileServiceUri to the file service';
    problems.push(`SHARES_CONNECTION is missing: expected ${expected}`);
    return undefined;
  }
  const clientId = optional('SHARES_CONNECTION__clientId') ?? optional('AZURE_CLIENT_ID');
  return { kind: 'share', name, fileServiceUri, ...(clientId === undefined ? {} : { clientId }) };
}
