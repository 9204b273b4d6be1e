import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Hub, Reply } from './hub.ts';
import { until } from './poll.ts';

/** Puts a file into the hub's share in one step, as File Sync does. @param path `{dealerId}/…/{file}` */
export async function share(hub: Hub, path: string, content: string | Uint8Array): Promise<void> {
  const target = join(hub.sharesDir, path);
  await mkdir(dirname(target), { recursive: true });
  const draft = join(dirname(target), `.${Math.random()}`);
  await writeFile(draft, content);
  await rename(draft, target);
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
