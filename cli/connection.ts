import { AdpError } from '../shared/errors.ts';
import { findStack, notAStackFile } from './stackFile.ts';

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
  const stack = await findStack(cwd);
  if (stack !== undefined) {
    const { baseUrl, adminKey } = stack.content;
    if (typeof baseUrl !== 'string' || typeof adminKey !== 'string') throw notAStackFile(stack.path);
    // A key alone takes the place of the stack's own: what another may do can be tried.
    return { baseUrl: readBaseUrl(baseUrl, stack.path), key: key || adminKey };
  }
  throw new AdpError(
    'CONFIG_ERROR',
    'no hub to talk to: start the local one with npm start, or set ADP_URL and ADP_KEY (see npx adp --help)',
  );
}

function readBaseUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new AdpError('CONFIG_ERROR', `${where} must be the hub's address, such as https://hub.example.com`);
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}
