import { AdpError, withoutSecrets } from '../errors.ts';
import { askedPauseMs } from './askedPause.ts';
import type { Reply } from './exchange.ts';
import { placeOf } from './failure.ts';

/** Read of what an answer says; of that a message quotes the beginning. */
const readBytes = 4_096;
const quotedCharacters = 200;
/** What a character of a secret may take, however it is escaped. */
const escapedBytes = 12;

/**
 * What it means that an answer is neither data nor a redirect. Takes the answer's body.
 * @param secrets texts that an API may echo, and that no message may hold
 */
export async function refusalOf(reply: Reply, url: URL, secrets: readonly string[], now: number): Promise<AdpError> {
  const { status, headers } = reply;
  const place = placeOf(url);
  const wait = askedPauseMs(headers, now);
  const after = wait === undefined ? {} : { retryAfterMs: wait };
  if (status === 429 || (status === 403 && saysLimited(headers, wait))) {
    reply.discard();
    return new AdpError(
      'RATE_LIMITED',
      `${place} is asked too often, it says: if that goes on, lower the source's limits.`,
      after,
    );
  }
  if (status === 401 || status === 403) {
    reply.discard();
    // There may have been none: the source names none, or a redirect led to where it isn't shown.
    const what =
      status === 401
        ? "takes no request without a valid credential (401): put one into Key Vault, under the name in the source's `credential`"
        : 'does not allow this (403): have it allowed to the credential, or put another one into Key Vault';
    return new AdpError('AUTH_FAILED', `${place} ${what}.`);
  }
  const said = quotation(await textOf(reply, secrets), secrets);
  const answer = `${place} answers ${status}${said === '' ? '' : `: ${said}`}`;
  if (status === 408 || status === 425 || status >= 500) return new AdpError('NETWORK_ERROR', `${answer}.`, after);
  return new AdpError('CONFIG_ERROR', `${answer}. Check the path, the query and what the API allows.`);
}

/** The beginning, without secrets, on one line. Secrets go first: changed or cut they would not be recognised. */
export function quotation(text: string, secrets: readonly string[]): string {
  // What an API says must not steer a terminal.
  const clean = withoutSecrets(text, secrets)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return clean.length <= quotedCharacters ? clean : `${clean.slice(0, quotedCharacters)}…`;
}

/** GitHub and others answer 403 to who has used up what is allowed. */
function saysLimited(headers: Headers, wait: number | undefined): boolean {
  return wait !== undefined || headers.get('x-ratelimit-remaining') === '0';
}

/**
 * The beginning of what it says; nothing where it says HTML or bytes. Of what goes on, the end is left out when whole secrets
 * are: it may be the half of one.
 */
async function textOf(reply: Reply, secrets: readonly string[]): Promise<string> {
  if (!/^(?:text\/(?!html)|application\/([\w.+-]*\+)?(?:json|xml))/i.test(reply.headers.get('content-type') ?? '')) {
    reply.discard();
    return '';
  }
  const longest = escapedBytes * Math.max(0, ...secrets.map(({ length }) => length));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let isCut = false;
  try {
    for await (const chunk of reply.body) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      isCut = bytes > readBytes + longest;
      if (isCut) break;
    }
  } catch {
    // The status says enough; that its explanation did not arrive changes nothing.
    isCut = true;
  }
  const clean = withoutSecrets(Buffer.concat(chunks).toString('utf8'), secrets);
  return isCut ? clean.slice(0, -longest || undefined) : clean;
}
