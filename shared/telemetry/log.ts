/** What else there is to say: ids, counts, codes. Never rows, keys, headers or connection strings. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where the hub writes what happened. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** One line: the message, then the fields as JSON. */
export function logLine(message: string, fields: LogFields = {}): string {
  return Object.keys(fields).length === 0 ? message : `${message} ${JSON.stringify(fields)}`;
}

/** The log of what happens outside any invocation. */
export const consoleLog: Log = {
  info: (message, fields) => console.log(logLine(message, fields)),
  warn: (message, fields) => console.warn(logLine(message, fields)),
  error: (message, fields) => console.error(logLine(message, fields)),
};

/**
 * An error and what caused it, as text for the log: names, messages, codes, and the first one's stack. Other
 * properties are left out, since SDKs hang requests with their headers on errors.
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  let current = error;
  for (let depth = 0; depth < 5 && current !== undefined; depth++) {
    if (!(current instanceof Error)) {
      parts.push(typeof current === 'string' ? current : `a thrown ${typeof current}`);
      break;
    }
    const code = 'code' in current && typeof current.code === 'string' ? ` [${current.code}]` : '';
    const frames = depth === 0 ? framesOf(current) : '';
    parts.push(`${current.name}${code}: ${current.message}${frames}`);
    current = current.cause;
  }
  return parts.join('\n  caused by ');
}

/** The stack without its first lines, which repeat the message. */
function framesOf({ stack = '' }: Error): string {
  const start = stack.search(/\n {4}at /);
  return start === -1 ? '' : stack.slice(start);
}
