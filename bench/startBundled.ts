import { execFile } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Benchmark } from './benchmark.ts';

const root = join(import.meta.dirname, '..');
const bundled = join(root, 'dist', 'main.cjs');
/** Inside node_modules, so that what is not bundled is found from there, and nobody takes it for a build. */
const unbundled = join(root, 'node_modules', '.cache', 'adp-bench', 'main.cjs');
const probe = fileURLToPath(import.meta.resolve('./startProbe.ts'));
const run = promisify(execFile);
let built: Promise<unknown> | undefined;

/** Loading the app until every function is registered, in a process of its own: our part of a cold start. */
export const startBundled: Benchmark = {
  name: 'start-bundled',
  unit: 'ms',
  better: 'low',
  goalOf: 'ours',
  floor: 350,
  goal: 350,
  peerName: 'the same app with its packages in node_modules',
  async run() {
    built ??= buildUnbundled();
    await built;
    const ours = await start(bundled);
    const peer = await start(unbundled);
    if (ours.functions === 0 || ours.functions !== peer.functions) {
      throw new Error(`The build registers ${ours.functions} functions, the app from node_modules ${peer.functions}`);
    }
    return { ours: ours.milliseconds, peer: peer.milliseconds, note: `${ours.functions} functions` };
  },
};

async function buildUnbundled(): Promise<void> {
  await mkdir(join(unbundled, '..'), { recursive: true });
  await build({
    entryPoints: [join(root, 'functions', 'main.ts')],
    outfile: unbundled,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    keepNames: true,
    logLevel: 'warning',
  });
}

async function start(entry: string): Promise<{ milliseconds: number; functions: number }> {
  const sample: unknown = JSON.parse(await readFile(join(root, 'local.settings.sample.json'), 'utf8'));
  const { stdout } = await run(process.execPath, [probe, entry], {
    env: { ...process.env, ...valuesOf(sample), ADMIN_KEY_HASH: '0'.repeat(64) },
  });
  const answer: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  if (!isObject(answer) || typeof answer.milliseconds !== 'number' || typeof answer.functions !== 'number') {
    throw new Error(`${entry} did not start: ${stdout}`);
  }
  return { milliseconds: answer.milliseconds, functions: answer.functions };
}

function valuesOf(settings: unknown): Record<string, string> {
  const values = isObject(settings) && isObject(settings.Values) ? settings.Values : {};
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
