import { resolve } from 'node:path';
import type { Hub, Reply } from './hub.ts';
import { until } from './poll.ts';
import { run } from './process.ts';

/** Puts a secret into the hub's Key Vault, as an operator does it. */
export async function setSecret({ settings }: Pick<Hub, 'settings'>, name: string, value: string): Promise<void> {
  const program = run(resolve('cli/main.ts'), ['secrets', 'set', name], { env: { ...settings } });
  program.process.stdin?.end(value);
  if ((await program.ended) !== 0) throw new Error(`${name} was not stored: ${program.output()}`);
}

/** Makes a dealer and its source `dms`. */
export async function addPolled(hub: Hub, dealer: string, source: object): Promise<void> {
  await hub.dealer(dealer);
  await putSource(hub, dealer, source);
}

/** Makes the source `dms` of a dealer, or changes it. */
export async function putSource(hub: Hub, dealer: string, source: object): Promise<void> {
  const { status, body } = await hub.call('PUT', `admin/dealers/${dealer}/sources/dms`, { body: source });
  if (status >= 300) throw new Error(`${dealer}: ${status} ${JSON.stringify(body)}`);
}

/** Triggers the source `dms`; the runs of its poll, which may have been under way. Undefined where nobody answers, or it is being polled for something else. */
export async function trigger(hub: Hub, dealer: string, query = ''): Promise<readonly string[] | undefined> {
  const reply = await hub.call('POST', `admin/dealers/${dealer}/sources/dms/trigger${query}`).catch(() => undefined);
  if (reply === undefined || reply.status >= 500 || reply.body.run_id !== undefined) return undefined;
  if (reply.status !== 202) throw new Error(`${dealer}: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.runs;
}

/** What is known of the source `dms`; undefined where nobody answers. */
export async function statusOf(hub: Hub, dealer: string): Promise<Reply['body'] | undefined> {
  const reply = await hub.call('GET', `admin/dealers/${dealer}/sources/dms/status`).catch(() => undefined);
  return reply?.status === 200 ? reply.body : undefined;
}

/** A poll that began after the call: the first of its runs, once it is closed. */
export async function polledAnew(hub: Hub, dealer: string, query = '', withinMs = 90_000): Promise<Reply['body']> {
  const known = new Set((await runsOf(hub, dealer)).map(({ run_id }) => run_id));
  const runId = await until(
    `a new poll of ${dealer}`,
    async () => (await trigger(hub, dealer, query))?.find((id) => !known.has(id)),
    withinMs,
  );
  return await hub.closed(runId, withinMs);
}

/** All runs of a dealer, the newest first. */
export async function runsOf(hub: Hub, dealer: string): Promise<Reply['body'][]> {
  const found: Reply['body'][] = [];
  let continuation = '';
  do {
    const { body } = await hub.call('GET', `dealers/${dealer}/runs?limit=1000${continuation}`);
    found.push(...body.items);
    continuation = body.continuation === undefined ? '' : `&continuation=${encodeURIComponent(body.continuation)}`;
  } while (continuation !== '');
  return found;
}
