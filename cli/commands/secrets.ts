import { ReadStream } from 'node:tty';
import { AdpError } from '../../shared/errors.ts';
import type { Command, Invocation } from '../command.ts';
import { askHidden } from '../hiddenLine.ts';
import { usageError } from '../usageError.ts';
import { findVault } from '../vault.ts';

/** More than Key Vault takes: what is larger was given by mistake. */
const mostBytes = 64 * 1024;

export const secrets: Command = {
  name: 'secrets',
  summary: "Put a dealer's credential into Key Vault, where sources find it by name",
  details: [
    'secrets set NAME   stores what comes on standard input (UTF-8), but for one line break at its end; at a terminal it',
    '                   asks for one line, which is not shown',
    '',
    'The value is never an argument: others on the machine could read it. Azure decides who may do this, by your login',
    '(az login); the vault is that of KEY_VAULT_URL, or else of .local/stack.json, which npm start writes.',
  ].join('\n'),
  positionals: [
    { name: 'ACTION', takes: 'one', help: 'set' },
    { name: 'NAME', takes: 'one', help: 'letters, digits and -; the credential of a source' },
  ],
  options: {},
  examples: ['adp secrets set acme-dms < connection-string.txt', 'adp secrets set acme-dms'],
  async run(invocation) {
    const { args, env, cwd, output } = invocation;
    const action = args.one('ACTION');
    if (action !== 'set') throw usageError(`secrets can't "${action}"; it can set`);
    const name = args.one('NAME');
    const value = await readValue(name, invocation);
    const vault = await findVault(env, cwd);
    // Only here: the SDKs behind it take longer to load than any other command takes to run.
    const { secretsOf } = await import('../../shared/app.ts');
    const { version } = await secretsOf(vault, Date.now).set(name, value);
    if (output.json) output.data({ name, version });
    else output.line(`${name} is set (version ${version})`);
    return true;
  },
};

async function readValue(name: string, { stdin, signal }: Invocation): Promise<string> {
  if (stdin instanceof ReadStream) {
    const typed = await askHidden(`Value of ${name} (one line, not shown): `, stdin, process.stderr, signal);
    if (typed === '') throw usageError('no value was typed');
    if (typed.includes('\n')) {
      throw usageError(`what was pasted has several lines, and was not stored: adp secrets set ${name} < file`);
    }
    return typed;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new AdpError('DATA_ERROR', `a secret can't be longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  const value = decode(Buffer.concat(chunks)).replace(/\r?\n$/, '');
  if (value === '') throw usageError('secrets set reads the value from standard input, and that is empty');
  return value;
}

/** Text without a byte order mark. A password with other characters in place of its own would only be refused later on. */
function decode(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // As UTF-16 without a mark looks.
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  throw usageError('what comes on standard input is not UTF-8: save the file as UTF-8, or convert it (iconv -t utf-8)');
}
