import { parseRun } from '../answers/run.ts';
import type { Command } from '../command.ts';
import { formatCount } from '../output.ts';
import { pathOf } from '../paths.ts';
import { waitForRun } from '../waitForRun.ts';
import { showRun } from './run.ts';

export const approve: Command = {
  name: 'approve',
  summary: 'Let the deletes be applied that a suspect run holds',
  details:
    'Look at the run first (adp run ID): its errors say what made it suspect. A newer complete read ends the choice.',
  positionals: [{ name: 'ID', takes: 'one', help: "the run's id" }],
  options: { wait: { kind: 'flag', help: 'wait until they are applied' } },
  examples: ['adp approve acme.8268…', 'adp approve acme.8268… --wait'],
  async run(invocation) {
    const { args, hub, output } = invocation;
    const id = args.one('ID');
    const { body } = await hub.post(pathOf('runs', id, 'approve'), {});
    const approved = args.flag('wait') ? await waitForRun(hub, id) : parseRun(body);
    if (output.json) output.data(approved);
    else if (args.flag('wait')) showRun(invocation, approved);
    else
      output.line(`approved: ${formatCount(approved.receipt.deletes)} deletes are on their way (adp run ${id} --wait)`);
    return !args.flag('wait') || approved.status === 'succeeded' || approved.status === 'partial';
  },
};
