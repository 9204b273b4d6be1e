import type { Run } from '../answers/run.ts';
import { parseTriggered } from '../answers/source.ts';
import type { Command } from '../command.ts';
import { formatCount } from '../output.ts';
import { pathOf } from '../paths.ts';
import { waitForRun } from '../waitForRun.ts';
import { showRun } from './run.ts';

export const trigger: Command = {
  name: 'trigger',
  summary: 'Poll a source now, outside its windows too',
  details: [
    'One run an entity. A source that is parked, or that is left alone because it failed, is tried again.',
    'Where it is being polled already for what is asked, these are the runs of that poll; where for something else, this fails and names them.',
  ].join('\n'),
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'SOURCE', takes: 'one', help: "the source's id" },
  ],
  options: {
    entity: { kind: 'text', value: 'ENTITY', help: 'only this entity' },
    mode: {
      kind: 'text',
      value: 'MODE',
      help: 'changes: since the cursor; all: everything, compared; keys: what was deleted (default: as configured)',
    },
    wait: { kind: 'flag', help: 'wait until the runs are closed; exit 1 unless all succeeded' },
  },
  examples: ['adp trigger acme dms --wait', 'adp trigger acme dms --entity part_stock --mode all'],
  async run(invocation) {
    const { args, hub, output } = invocation;
    const dealer = args.one('DEALER');
    const source = args.one('SOURCE');
    const { body } = await hub.post(pathOf('admin', 'dealers', dealer, 'sources', source, 'trigger'), {
      query: { entity: args.text('entity'), mode: args.text('mode') },
    });
    const { runs } = parseTriggered(body);
    if (!args.flag('wait')) {
      if (output.json) output.data({ runs });
      else for (const id of runs) output.line(id);
      return true;
    }
    const progress = output.progress();
    const closed: Run[] = [];
    for (const id of runs) {
      closed.push(
        await waitForRun(hub, id, ({ entity, receipt }) =>
          progress.show(`${entity ?? ''}: ${formatCount(receipt.read)} rows read`),
        ),
      );
    }
    progress.clear();
    if (output.json) {
      output.data(closed);
    } else {
      for (const [place, run] of closed.entries()) {
        if (place > 0) output.line();
        showRun(invocation, run);
      }
    }
    return closed.every(({ status }) => status === 'succeeded');
  },
};
