/** Levels of the Functions runtime (`RpcLogLevel`). */
export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';

/** `source` is a function's name, or the part of the host that speaks. */
export type Log = (level: LogLevel, source: string, message: string) => void;

const quiet: ReadonlySet<LogLevel> = new Set(['trace', 'debug', 'none']);
const loud: ReadonlySet<LogLevel> = new Set(['error', 'critical']);

/** One line an event: time, level, function, message. Errors go to stderr, all else to stdout. */
export const logToConsole: Log = (level, source, message) => {
  if (quiet.has(level)) return;
  // A stack trace must not fall apart into lines that nobody can attribute.
  const line = `${new Date().toISOString()} ${level} ${source}: ${message.trimEnd().replaceAll('\n', '\\n')}\n`;
  (loud.has(level) ? process.stderr : process.stdout).write(line);
};

/** An error with its stack and its causes, for a log. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = error.stack ?? error.message;
  return error.cause === undefined ? own : `${own}\ncaused by ${describeError(error.cause)}`;
}
