import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Hub, Reply } from './hub.ts';
import { until } from './poll.ts';

/** Puts a file into the hub's share in one step, as File Sync does. @param path `{dealerId}/…/{file}` */
export async function share(hub: Hub, path: string, content: string | Uint8Array): Promise<void> {
  const draft = await drafted(hub, path, content);
  await rename(draft, join(hub.sharesDir, path));
}

/** Puts a file into the hub's share so that nobody sees it without its manifest, which is the younger one nevertheless. */
export async function shareWithManifest(hub: Hub, path: string, content: string, manifest: object): Promise<void> {
  const draft = await drafted(hub, path, content);
  await share(hub, `${path}.manifest.json`, JSON.stringify(manifest));
  await rename(draft, join(hub.sharesDir, path));
}

async function drafted(hub: Hub, path: string, content: string | Uint8Array): Promise<string> {
  const folder = dirname(join(hub.sharesDir, path));
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `.${Math.random()}`);
  await writeFile(draft, content);
  return draft;
}

/** The runs of a file, newest first. */
export async function runsOf(hub: Hub, path: string): Promise<Reply['body'][]> {
  const [dealerId] = path.split('/');
  const { body } = await hub.call('GET', `dealers/${dealerId}/runs?limit=1000`);
  return (body.items ?? []).filter((run: Reply['body']) => run.file?.path === path);
}

/** The newest run of a file, closed; there are `count` of them then. */
export async function runOf(hub: Hub, path: string, count = 1, withinMs = 90_000): Promise<Reply['body']> {
  return await until(
    async () => `${path} has ${count} closed runs; its runs are ${JSON.stringify(await runsOf(hub, path))}`,
    async () => {
      const runs = await runsOf(hub, path);
      // Who asks for a run that is complete has it closed, and needn't wait for the next sweep.
      for (const { run_id, status } of runs) if (status === 'running') await hub.call('GET', `runs/${run_id}`);
      return runs.length === count && runs.every(({ status }) => status !== 'running') && runs[0];
    },
    withinMs,
  );
}

/** A CSV of stock: the columns are the canonical ones. */
export function stockCsv(rows: readonly (readonly [part: string, onHand: number | string])[]): string {
  return ['part_number,on_hand', ...rows.map(([part, onHand]) => `${part},${onHand}`), ''].join('\n');
}
