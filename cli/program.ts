import { AdpError } from '../shared/errors.ts';
import { parseArguments } from './arguments.ts';
import { HubClient } from './client.ts';
import type { Command } from './command.ts';
import { commands } from './commandTable.ts';
import { findConnection } from './connection.ts';
import { commandHelp, programHelp } from './help.ts';
import { createOutput, type Output, type Streams } from './output.ts';
import { nearest } from './suggestion.ts';
import { isUsageError, usageError } from './usageError.ts';

/** What the command is given of the process it runs in; tests give their own. */
export interface World extends Streams {
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
}

/**
 * Runs one `adp` command line (without `node` and the script's name).
 *
 * @returns the exit code: 0 when it worked, 1 when it did not, 2 when the command line was wrong, 130 when interrupted
 */
export async function runProgram(argv: readonly string[], world: World): Promise<number> {
  const output = createOutput(world, argv.includes('--json'));
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = commands.find((command) => command.name === rest[0]);
    output.line(topic === undefined ? programHelp(commands) : commandHelp(topic));
    return name === undefined ? 2 : 0;
  }
  try {
    const command = findCommand(name);
    if (rest.includes('--help') || rest.includes('-h')) {
      output.line(commandHelp(command));
      return 0;
    }
    const args = parseArguments(command, rest);
    const hub = await connect(world, output);
    const { signal, cwd, env, stdin } = world;
    const worked = await command.run({
      args,
      output,
      signal,
      cwd,
      env,
      stdin,
      get hub() {
        return hub();
      },
    });
    return worked ? 0 : 1;
  } catch (error) {
    if (world.signal.aborted) {
      output.note('interrupted');
      return 130;
    }
    output.note(`adp: ${messageOf(error)}`);
    if (isUsageError(error)) {
      output.note(`     adp ${commands.some((command) => command.name === name) ? `${name} ` : ''}--help says more`);
      return 2;
    }
    return 1;
  }
}

/** Looks for the hub; who asks for it is told then why there is none. */
async function connect({ env, cwd, signal }: World, output: Output): Promise<() => HubClient> {
  const onWait = (reason: string, ms: number) => output.note(`${reason}: waiting ${(ms / 1000).toFixed(1)} s`);
  try {
    const hub = new HubClient({ ...(await findConnection(env, cwd)), signal, onWait });
    return () => hub;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function findCommand(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command !== undefined) return command;
  const meant = nearest(
    name,
    commands.map((candidate) => candidate.name),
  );
  throw usageError(`there is no command "${name}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`);
}

function messageOf(error: unknown): string {
  if (error instanceof AdpError) return error.message;
  // Not one of ours, so a bug of ours: the stack is what helps.
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
