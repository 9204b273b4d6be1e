import { AdpError, withoutSecrets } from '../../errors.ts';
import type { Dialect } from './dialect.ts';
import type { Session } from './session.ts';

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
        throw scrubbed(failure, error, secrets);
      }
    },
    close: () => session.close(),
  };
}

function scrubbed(failure: AdpError, error: unknown, secrets: readonly string[]): AdpError {
  const { code, disposition, retryAfterMs } = failure;
  return new AdpError(code, withoutSecrets(failure.message, secrets), {
    disposition,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    // Drivers' errors carry statements, values and settings along: only their words are kept.
    cause: new Error(withoutSecrets(describe(error), secrets)),
  });
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}
