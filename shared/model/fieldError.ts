import type { ErrorCode } from '../errors.ts';

/** Why one field of one row can't be taken. */
export interface FieldError {
  /** The canonical field, as in `lines[2].amount`; a source field's name where it has no canonical one. */
  readonly field: string;
  readonly code: Extract<ErrorCode, 'DATA_ERROR' | 'MAPPING_ERROR'>;
  /** For people. Says what was expected and the shape of what came, never the value: it may be personal data. */
  readonly detail: string;
}

/** Errors kept of one row: enough to see what is wrong, whatever a row of ten thousand lines holds. */
export const maxErrorsPerRow = 20;
