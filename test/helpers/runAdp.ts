import { runProgram } from '../../cli/program.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunAdpOptions {
  readonly baseUrl?: string;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
}

/** Runs an `adp` command line in this process, with streams that are no terminals. */
export async function runAdp(argv: readonly string[], options: RunAdpOptions = {}): Promise<Ran> {
  const written = { stdout: '', stderr: '' };
  const streamOf = (name: 'stdout' | 'stderr') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  const connection = options.baseUrl === undefined ? {} : { ADP_URL: options.baseUrl, ADP_KEY: 'adp_test_key' };
  const code = await runProgram(argv, {
    env: { ...connection, ...options.env },
    cwd: options.cwd ?? process.cwd(),
    stdin: (async function* () {
      yield Buffer.from(options.stdin ?? '');
    })(),
    stdout: streamOf('stdout'),
    stderr: streamOf('stderr'),
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, ...written };
}
