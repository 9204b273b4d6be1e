import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AdpError } from '../shared/errors.ts';

/** Where the hub is, and who asks. */
export interface Connection {
  /** Without the prefix `/api/v1`. */
  readonly baseUrl: string;
  readonly key: string;
}

/**
 * `ADP_URL` and `ADP_KEY`, or else `.local/stack.json` of this folder or one above it.
 *
 * @throws AdpError CONFIG_ERROR that says how to be connected
 */
export async function findConnection(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Promise<Connection> {
  const { ADP_URL: url, ADP_KEY: key } = env;
  if (url && key) return { baseUrl: readBaseUrl(url, 'ADP_URL'), key };
  if (url) throw new AdpError('CONFIG_ERROR', 'ADP_URL is set but ADP_KEY is not: set it to a key (adp_…) of that hub');
  for (let folder = path.resolve(cwd); ; folder = path.dirname(folder)) {
    const found = await readStackFile(path.join(folder, '.local', 'stack.json'));
    // A key alone takes the place of the stack's own: what another may do can be tried.
    if (found !== undefined) return key ? { ...found, key } : found;
    if (folder === path.dirname(folder)) break;
  }
  throw new AdpError(
    'CONFIG_ERROR',
    'no hub to talk to: start the local one with npm start, or set ADP_URL and ADP_KEY (see npx adp --help)',
  );
}

async function readStackFile(file: string): Promise<Connection | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  const stack: unknown = parseJson(text);
  if (typeof stack === 'object' && stack !== null && 'baseUrl' in stack && 'adminKey' in stack) {
    const { baseUrl, adminKey } = stack;
    if (typeof baseUrl === 'string' && typeof adminKey === 'string') {
      return { baseUrl: readBaseUrl(baseUrl, file), key: adminKey };
    }
  }
  throw new AdpError('CONFIG_ERROR', `${file} is not what npm start writes: start the stack again`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readBaseUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AdpError('CONFIG_ERROR', `${where} must be the hub's address, such as https://hub.example.com`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}
