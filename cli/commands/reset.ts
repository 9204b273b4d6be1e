import type { Command } from '../command.ts';
import { pathOf } from '../paths.ts';

export const reset: Command = {
  name: 'reset',
  summary: 'Let a source start over: what it sends from now on wins over what is held',
  details: 'Nothing is deleted. Use it after data went wrong at the source, so that the next run reads everything.',
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'SOURCE', takes: 'one', help: "the source's id" },
  ],
  options: { entity: { kind: 'text', value: 'ENTITY', help: 'only this entity of the source' } },
  examples: ['adp reset acme dms', 'adp reset acme dms --entity part_stock'],
  async run({ args, hub, output }) {
    const dealer = args.one('DEALER');
    const source = args.one('SOURCE');
    const { body } = await hub.post(pathOf('admin', 'dealers', dealer, 'sources', source, 'reset'), {
      query: { entity: args.text('entity') },
    });
    if (output.json) output.data(body ?? {});
    else output.line(`${dealer}/${source} starts over: whatever it sends next wins over what is held`);
    return true;
  },
};
