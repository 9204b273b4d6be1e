import { parseCheck } from '../answers/source.ts';
import type { Command } from '../command.ts';
import { plural } from '../output.ts';
import { pathOf } from '../paths.ts';

export const check: Command = {
  name: 'check',
  summary: 'Test the connection of a source that is polled',
  details:
    'Looks at the login, its privileges, columns, indexes and clocks, and says what to do. Nothing is read or written.',
  positionals: [
    { name: 'DEALER', takes: 'one', help: "the dealer's id" },
    { name: 'SOURCE', takes: 'one', help: "the source's id" },
  ],
  options: {},
  examples: ['adp check acme dms'],
  async run({ args, hub, output }) {
    const dealer = args.one('DEALER');
    const source = args.one('SOURCE');
    const progress = output.progress();
    progress.show(`connecting to ${dealer}/${source}`);
    const { body } = await hub.post(pathOf('admin', 'dealers', dealer, 'sources', source, 'check'), {});
    progress.clear();
    const { ok, findings } = parseCheck(body);
    if (output.json) {
      output.data({ ok, findings });
      return ok;
    }
    const { style } = output;
    const marks: Readonly<Record<string, string>> = {
      ok: style.good('ok'),
      warning: style.bold('warning'),
      error: style.bad('error'),
    };
    output.table(
      [{ title: '' }, { title: 'what' }, { title: 'entity' }, { title: 'found' }],
      findings.map(({ level, name, entity = '', detail }) => [marks[level] ?? level, name, entity, detail]),
    );
    const errors = findings.filter(({ level }) => level === 'error').length;
    const warnings = findings.filter(({ level }) => level === 'warning').length;
    const counts = [errors > 0 ? plural(errors, 'error') : '', warnings > 0 ? plural(warnings, 'warning') : ''];
    output.line();
    const found = counts.filter((count) => count !== '').join(', ');
    output.line(ok ? style.good(`✓ it can be polled${found === '' ? '' : ` (${found})`}`) : style.bad(`✗ ${found}`));
    return ok;
  },
};
