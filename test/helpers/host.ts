import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { type Program, type ProgramOptions, ready, run } from './process.ts';

export interface RunningHost extends Program {
  readonly baseUrl: string;
}

/** A folder that nobody else uses. It goes with the run of the tests; who is no test removes it. */
export async function temporaryFolder(name: string): Promise<string> {
  return await mkdtemp(join(tmpdir(), `adp-${name}-`));
}

/** Builds an app of test/fixtures/hostApp as `npm run build` does the real one; returns its folder. */
export async function buildApp(entry: string, hostJson: object = {}): Promise<string> {
  const dir = await temporaryFolder('app');
  await build({
    entryPoints: [resolve('test/fixtures/hostApp', entry)],
    outfile: join(dir, 'main.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['@azure/functions-core'],
    logLevel: 'error',
  });
  await writeApp(dir, hostJson);
  return dir;
}

/** An app whose only file is `code`, which may use `app` of @azure/functions. */
export async function appOf(code: string, hostJson: object = {}): Promise<string> {
  const dir = await temporaryFolder('app');
  const library = JSON.stringify(resolve('node_modules/@azure/functions'));
  await writeFile(join(dir, 'main.cjs'), `const { app, input, output } = require(${library});\n${code}`);
  await writeApp(dir, hostJson);
  return dir;
}

async function writeApp(dir: string, hostJson: object): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), JSON.stringify({ name: 'fixture', main: 'main.cjs' }));
  await writeFile(join(dir, 'host.json'), JSON.stringify({ version: '2.0', ...hostJson }));
}

const hosts: Program[] = [];

/** A host that needn't get ready. */
export function runHost(app: string, dataDir: string, options: ProgramOptions = {}, port = 0): Program {
  const args = ['--app', app, '--port', String(port), '--data-dir', dataDir];
  const host = run(resolve('local/host/main.ts'), args, { cwd: dataDir, ...options });
  hosts.push(host);
  return host;
}

export async function startHost(app: string, dataDir: string, options: ProgramOptions = {}): Promise<RunningHost> {
  const program = runHost(app, dataDir, options);
  const port = await ready(program);
  return { ...program, baseUrl: `http://127.0.0.1:${port}` };
}

/** Kills the hosts of a test file that are left: a test that fails doesn't get to stop its own. */
export async function killHosts(): Promise<void> {
  await Promise.all(hosts.splice(0).map((host) => host.stop('SIGKILL')));
}
