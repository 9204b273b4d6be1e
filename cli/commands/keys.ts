import { type ListedKey, parseCreatedKey, parseListedKey } from '../answers/key.ts';
import { listItems } from '../answers/list.ts';
import type { Command, Invocation } from '../command.ts';
import { pathOf } from '../paths.ts';
import { nearest } from '../suggestion.ts';
import { usageError } from '../usageError.ts';

export const keys: Command = {
  name: 'keys',
  summary: 'Create, list and delete API keys',
  details: [
    'keys create NAME --scope SCOPE…   shows the key, this once',
    'keys list                         shows what there is, but no secrets',
    'keys delete ID                    takes effect within 15 seconds',
    '',
    'Scopes: admin, ingest:DEALER, read:DEALER.',
  ].join('\n'),
  positionals: [
    { name: 'ACTION', takes: 'one', help: 'create, list or delete' },
    { name: 'NAME|ID', takes: 'optional', help: "the new key's name, or the id of the key to delete" },
  ],
  options: {
    scope: { kind: 'list', value: 'SCOPE', help: 'what a new key may do; may be repeated' },
    expires: { kind: 'text', value: 'TIME', help: 'when a new key ends (RFC 3339)' },
  },
  examples: ['adp keys create acme-dms --scope ingest:acme --expires 2027-12-31T00:00:00Z', 'adp keys delete Zk3…'],
  run(invocation) {
    const action = invocation.args.one('ACTION');
    if (action === 'create') return create(invocation);
    if (action === 'list') return list(invocation);
    if (action === 'delete') return remove(invocation);
    const meant = nearest(action, ['create', 'list', 'delete']);
    throw usageError(`keys can't "${action}"${meant === undefined ? '' : `; did you mean "${meant}"?`}`);
  },
};

async function create({ args, hub, output }: Invocation): Promise<boolean> {
  const name = args.optional('NAME|ID');
  const scopes = args.list('scope');
  const expires = args.text('expires');
  if (name === undefined) throw usageError('keys create needs a NAME');
  if (scopes.length === 0) throw usageError('keys create needs at least one --scope');
  if (expires !== undefined && Number.isNaN(Date.parse(expires)))
    throw usageError(`--expires ${expires} is not a time`);
  const { body } = await hub.post('/admin/keys', {
    json: { name, scopes, ...(expires === undefined ? {} : { expires_at: new Date(expires).toISOString() }) },
  });
  const created = parseCreatedKey(body);
  if (output.json) {
    output.data(body);
  } else {
    output.line(created.key);
    output.note(`This is ${name} (id ${created.id}); the key is shown this once.`);
  }
  return true;
}

async function list({ args, hub, output }: Invocation): Promise<boolean> {
  if (args.optional('NAME|ID') !== undefined) throw usageError('keys list takes nothing more');
  const found: ListedKey[] = [];
  for await (const key of listItems(hub, '/admin/keys', {}, parseListedKey, Number.POSITIVE_INFINITY)) found.push(key);
  if (output.json) {
    output.data(found);
  } else if (found.length === 0) {
    output.line('no keys but the first admin key, which is in the settings');
  } else {
    output.table(
      [
        { title: 'id' },
        { title: 'name' },
        { title: 'scopes', shrinks: true },
        { title: 'expires' },
        { title: 'last used' },
      ],
      found.map((key) => [key.id, key.name, key.scopes.join(' '), key.expires_at ?? 'never', key.last_used_at ?? '']),
    );
  }
  return true;
}

async function remove({ args, hub, output }: Invocation): Promise<boolean> {
  const id = args.optional('NAME|ID');
  if (id === undefined) throw usageError('keys delete needs an ID (see adp keys list)');
  await hub.delete(pathOf('admin', 'keys', id));
  if (output.json) output.data({ id, deleted: true });
  else output.line(`${id} deleted`);
  return true;
}
