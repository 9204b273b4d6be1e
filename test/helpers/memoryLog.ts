import { type Log, logLine } from '../../shared/telemetry/log.ts';

/** A log that keeps its lines. */
export function memoryLog(): { readonly log: Log; readonly lines: string[] } {
  const lines: string[] = [];
  const keep: Log['info'] = (message, fields) => void lines.push(logLine(message, fields));
  return { log: { info: keep, warn: keep, error: keep }, lines };
}
