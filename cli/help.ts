import { commonOptions } from './arguments.ts';
import type { Command, Option, Positional } from './command.ts';
import { alignLeft } from './table.ts';

/** `adp --help` */
export function programHelp(commands: readonly Command[]): string {
  return [
    'adp: operate the integration hub',
    '',
    'usage: adp COMMAND …    (adp COMMAND --help says more)',
    '',
    ...alignLeft(commands.map(({ name, summary }) => [name, summary])).map(indent),
    '',
    'The hub and the key are those of ADP_URL and ADP_KEY, or else of .local/stack.json, which npm start writes.',
    'Every command knows --json. Exit code: 0 it worked, 1 it did not, 2 the command line is wrong, 130 interrupted.',
  ].join('\n');
}

/** `adp COMMAND --help` */
export function commandHelp(command: Command): string {
  const options = { ...command.options, ...commonOptions };
  return [
    command.summary,
    '',
    `usage: ${usageLine(command)}`,
    ...(command.details === undefined ? [] : ['', command.details]),
    ...(command.positionals.length === 0
      ? []
      : ['', ...alignLeft(command.positionals.map(({ name, help }) => [name, help])).map(indent)]),
    '',
    ...alignLeft(Object.entries(options).map(([name, option]) => [optionUsage(name, option), option.help])).map(indent),
    '',
    `example${command.examples.length === 1 ? '' : 's'}:`,
    ...command.examples.map(indent),
  ].join('\n');
}

function usageLine(command: Command): string {
  return ['adp', command.name, ...command.positionals.map(positionalUsage), '[OPTIONS]'].join(' ');
}

function positionalUsage({ name, takes }: Positional): string {
  if (takes === 'one') return name;
  return takes === 'optional' ? `[${name}]` : `[${name}…]`;
}

function optionUsage(name: string, option: Option): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const value = option.kind === 'flag' ? '' : ` ${option.value ?? 'VALUE'}${option.kind === 'list' ? '…' : ''}`;
  return `${short}--${name}${value}`;
}

function indent(line: string): string {
  return `  ${line}`;
}
