import type { FromSchema } from 'json-schema-to-ts';
import { answerParser } from '../answers/parse.ts';
import type { Command } from '../command.ts';
import { plural } from '../output.ts';
import { pathOf } from '../paths.ts';
import { usageError } from '../usageError.ts';

const replayedSchema = {
  type: 'object',
  required: ['rows', 'runs', 'complete'],
  properties: {
    rows: { type: 'integer' },
    runs: { type: 'array', items: { type: 'string' } },
    complete: { type: 'boolean' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['entity', 'detail'],
        properties: { entity: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
} as const;

const parseReplayed = answerParser<FromSchema<typeof replayedSchema>>('an answer to a replay', replayedSchema);

export const replay: Command = {
  name: 'replay',
  summary: "Bring rows back from quarantine, with today's mapping",
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'ID', takes: 'many', help: 'which rows, by the ids that adp quarantine shows' },
  ],
  options: { all: { kind: 'flag', help: 'everything that the dealer has in quarantine' } },
  examples: ['adp replay acme 0823….0', 'adp replay acme --all'],
  async run({ args, hub, output }) {
    const dealer = args.one('DEALER');
    const ids = args.many('ID');
    if (args.flag('all') === ids.length > 0) throw usageError('adp replay needs either ids or --all');
    const path = pathOf('dealers', dealer, 'quarantine', 'replay');
    const runs: string[] = [];
    let rows = 0;
    let refused: readonly { readonly entity: string; readonly detail: string }[] = [];
    for (let complete = false; !complete; ) {
      const { body } = await hub.post(path, { json: args.flag('all') ? {} : { ids } });
      const replayed = parseReplayed(body);
      rows += replayed.rows;
      runs.push(...replayed.runs);
      refused = replayed.errors ?? [];
      // An answer that did nothing will not do more next time.
      complete = replayed.complete || replayed.rows === 0;
    }
    if (output.json) {
      output.data({ rows, runs, errors: refused });
    } else {
      output.line(
        rows === 0 ? 'nothing to replay' : `${plural(rows, 'row')} replayed in ${plural(runs.length, 'run')}`,
      );
      for (const runId of runs) output.line(`  adp run ${runId} --wait`);
    }
    for (const { entity, detail } of refused) output.note(`rows of ${entity} stay in quarantine: ${detail}`);
    return refused.length === 0 && (ids.length === 0 || rows > 0);
  },
};
