import { AdpError } from '../../errors.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './session.ts';

/** Shorter texts are no passwords, and would be found in every word. */
const shortestSecret = 3;

/**
 * A session whose errors are ours: an abort throws the signal's reason, all else an AdpError that holds none of the
 * secrets, not in its cause either.
 */
export function guarded(session: Session, dialect: Pick<Dialect, 'failure'>, secrets: readonly string[]): Session {
  return {
    async query(statement, signal, maxBytes) {
      signal.throwIfAborted();
      try {
        return await session.query(statement, signal, maxBytes);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        const failure = error instanceof AdpError ? error : dialect.failure(error);
        throw withoutSecrets(failure, error, secrets);
      }
    },
    close: () => session.close(),
  };
}

function withoutSecrets(failure: AdpError, error: unknown, secrets: readonly string[]): AdpError {
  const { code, disposition, retryAfterMs } = failure;
  return new AdpError(code, scrub(failure.message, secrets), {
    disposition,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    // Drivers' errors carry statements, values and settings along: only their words are kept.
    cause: new Error(scrub(describe(error), secrets)),
  });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}

/** The text with each secret (also as it stands in a URL) replaced. */
export function scrub(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .filter((secret) => secret.length >= shortestSecret)
    .sort((a, b) => b.length - a.length)
    .reduce((scrubbed, secret) => scrubbed.replaceAll(secret, '***'), text);
}
