import { AdpError } from '../errors.ts';

/** The error for a body that can't be read as a whole: a person has to look at what the dealer's system sends. */
export function damaged(message: string, cause?: unknown): AdpError {
  return new AdpError('DATA_ERROR', message, { disposition: 'park', cause });
}
