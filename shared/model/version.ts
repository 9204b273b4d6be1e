import { AdpError } from '../errors.ts';
import { type Instant, isInstant } from './instant.ts';

/** What orders two changes of one record; architecture.md, "Versions". */
export interface Version {
  /** Of (dealer, entity): rises at a reset, a reload, a change of mapping or zone. */
  readonly epoch: number;
  /** The row's own modification time, never later than `captured`. */
  readonly t: Instant;
  /** When the data left the source. */
  readonly captured: Instant;
  /** Within the run. */
  readonly position: number;
}

/**
 * `epoch|t|captured|position` in fixed width, so that versions compare as plain text. A `t` after `captured` (a clock
 * that runs ahead) is taken as `captured`.
 * @throws AdpError INTERNAL for an epoch or position that is no whole number or has more than ten or twelve digits
 */
export function formatVersion({ t, position, ...of }: Version): string {
  return versionsOf(of)(t, position);
}

/** `formatVersion` for many rows of one run. */
export function versionsOf({ epoch, captured }: Pick<Version, 'epoch' | 'captured'>) {
  const before = `${digits(epoch, 10)}|`;
  // Positions come one after the other: all but their last three digits stay for a thousand rows.
  let thousands = -1;
  let after = '';
  return (t: Instant, position: number): string => {
    const rest = position % 1_000;
    const own = (position - rest) / 1_000;
    if (own !== thousands) {
      after = `|${captured}|${digits(own, 9)}`;
      thousands = own;
    }
    return before + (t < captured ? t : captured) + after + (threeDigits[rest] ?? digits(rest, 3));
  };
}

/** The parts of a version. @throws AdpError INTERNAL: versions are written by `formatVersion` alone */
export function parseVersion(text: string): Version {
  const [epoch = '', t = '', captured = '', position = '', ...rest] = text.split('|');
  const wellFormed = /^\d{10}$/.test(epoch) && /^\d{12}$/.test(position) && rest.length === 0;
  if (!wellFormed || !isInstant(t) || !isInstant(captured)) {
    throw new AdpError('INTERNAL', 'A version is not of the form epoch|t|captured|position.');
  }
  return { epoch: Number(epoch), t, captured, position: Number(position) };
}

function digits(value: number, width: number): string {
  const text = String(value);
  if (!Number.isSafeInteger(value) || value < 0 || text.length > width) {
    throw new AdpError('INTERNAL', `A part of a version must be a whole number of at most ${width} digits.`);
  }
  return text.padStart(width, '0');
}

const threeDigits = Array.from({ length: 1_000 }, (_, number) => digits(number, 3));
