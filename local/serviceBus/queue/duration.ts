import { AdpError } from '../../../shared/errors.ts';

const pattern = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Milliseconds of an ISO 8601 duration as ARM writes it: days, hours, minutes and seconds (`PT5M`, `P7D`, `PT1.5S`).
 * @throws AdpError CONFIG_ERROR if it is not one
 */
export function millisecondsOf(duration: string): number {
  const match = pattern.exec(duration);
  if (match === null || /[PT]$/.test(duration)) {
    throw new AdpError('CONFIG_ERROR', `"${duration}" is not a duration like PT5M (ISO 8601).`);
  }
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)) * 1000;
}
