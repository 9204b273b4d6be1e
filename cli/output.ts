import { createProgress, type Progress } from './progress.ts';
import { type Column, formatTable } from './table.ts';

/** What is written to: a file, a pipe or a terminal. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Emphasis that says nothing that the text alone doesn't: plain text where there is no terminal, or NO_COLOR is set. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** What a command says: results on standard output, everything else on standard error. */
export interface Output {
  /** The caller is a program: print `data` and nothing else. */
  readonly json: boolean;
  readonly style: Style;
  line(text?: string): void;
  table(columns: readonly Column[], rows: readonly (readonly string[])[]): void;
  /** One JSON document. */
  data(value: unknown): void;
  /** A line on standard error. */
  note(text: string): void;
  progress(): Progress;
}

export function createOutput({ stdout, stderr, env }: Streams, json = false): Output {
  const width = stdout.isTTY === true && stdout.columns ? stdout.columns : Number.POSITIVE_INFINITY;
  const line = (text = ''): void => {
    // What programs read is left as it is.
    stdout.write(`${json ? text : visible(text)}\n`);
  };
  let progress: Progress | undefined;
  return {
    json,
    style: createStyle(stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'),
    line,
    table(columns, rows) {
      for (const text of formatTable(columns, rows, width)) line(text);
    },
    data(value) {
      line(JSON.stringify(value, null, 2));
    },
    note(text) {
      progress?.clear();
      stderr.write(`${visible(text)}\n`);
    },
    progress() {
      progress ??= createProgress(stderr);
      return progress;
    },
  };
}

const esc = String.fromCharCode(0x1b);
const control = new RegExp(`(?!\\n|\\t|${esc}\\[\\d{1,2}m)\\p{Cc}`, 'gu');

/** Names and values come from dealers: what would steer the terminal is shown as a dot. Our own emphasis stays. */
function visible(text: string): string {
  return text.replace(control, '·');
}

/** ECMA-48 "select graphic rendition", by the terminal's own palette. */
function createStyle(colours: boolean): Style {
  const wrap = (on: number, off: number) => (text: string) => (colours ? `\u001b[${on}m${text}\u001b[${off}m` : text);
  return { bold: wrap(1, 22), dim: wrap(2, 22), good: wrap(32, 39), bad: wrap(31, 39) };
}

/** 1234567 → 1,234,567, whatever the machine's language. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
