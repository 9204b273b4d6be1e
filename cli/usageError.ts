import { AdpError } from '../shared/errors.ts';

const usageErrors = new WeakSet<object>();

/** The command line itself is wrong: exit code 2, and a pointer to the help. */
export function usageError(message: string): AdpError {
  const error = new AdpError('CONFIG_ERROR', message);
  usageErrors.add(error);
  return error;
}

export function isUsageError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && usageErrors.has(error);
}
