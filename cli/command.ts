import type { Arguments } from './arguments.ts';
import type { HubClient } from './client.ts';
import type { Output } from './output.ts';

/** A word of the command line that stands without a name. */
export interface Positional {
  /** In capitals, as the help shows it. */
  readonly name: string;
  readonly help: string;
  /** `many` takes all that follow, also none. */
  readonly takes: 'one' | 'optional' | 'many';
}

export interface Option {
  readonly help: string;
  /** `list` may be given several times. */
  readonly kind: 'flag' | 'text' | 'integer' | 'list';
  /** What stands for the value in the help, as in `--limit N`. */
  readonly value?: string;
  readonly short?: string;
  /** For an integer, inclusive. */
  readonly min?: number;
  readonly max?: number;
}

export interface Invocation {
  readonly args: Arguments;
  /** CONFIG_ERROR that says how to be connected, for the command that asks for it and has none. */
  readonly hub: HubClient;
  readonly output: Output;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
}

/** One `adp` command. */
export interface Command {
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** What one should know beyond the options. */
  readonly details?: string;
  readonly positionals: readonly Positional[];
  readonly options: Readonly<Record<string, Option>>;
  /** Complete command lines that work. */
  readonly examples: readonly string[];
  /**
   * @returns whether all of it worked (exit code 0 or 1)
   * @throws AdpError whose message is shown (exit code 1; a usage error: 2)
   */
  run(invocation: Invocation): Promise<boolean>;
}
