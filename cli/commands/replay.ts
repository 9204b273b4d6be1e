import type { Command } from '../command.ts';
import { pathOf } from '../paths.ts';
import { usageError } from '../usageError.ts';

export const replay: Command = {
  name: 'replay',
  summary: "Bring rows back from quarantine, with today's mapping",
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'ID', takes: 'many', help: 'which rows, by the ids that adp quarantine shows' },
  ],
  options: { all: { kind: 'flag', help: 'everything that the dealer has in quarantine' } },
  examples: ['adp replay acme 01JD… 01JE…', 'adp replay acme --all'],
  async run({ args, hub, output }) {
    const dealer = args.one('DEALER');
    const ids = args.many('ID');
    if (args.flag('all') === ids.length > 0) throw usageError('adp replay needs either ids or --all');
    const paths = args.flag('all')
      ? [pathOf('dealers', dealer, 'quarantine', 'replay')]
      : ids.map((id) => pathOf('dealers', dealer, 'quarantine', id, 'replay'));
    const answers: unknown[] = [];
    for (const path of paths) answers.push((await hub.post(path)).body);
    if (output.json) {
      output.data(answers);
      return true;
    }
    const runIds = [...new Set(answers.flatMap(runIdsOf))];
    if (runIds.length === 0) output.line('nothing to replay');
    for (const runId of runIds) output.line(`replayed in ${runId}: adp run ${runId} --wait`);
    return true;
  },
};

/** A replay answers one run, or one an entity. */
function runIdsOf(answer: unknown): string[] {
  if (typeof answer !== 'object' || answer === null) return [];
  if ('run_id' in answer && typeof answer.run_id === 'string') return [answer.run_id];
  if ('runs' in answer && Array.isArray(answer.runs)) {
    return answer.runs.flatMap((run: unknown) => (typeof run === 'string' ? [run] : runIdsOf(run)));
  }
  return [];
}
