import { parseArgs } from 'node:util';
import type { Command, Option } from './command.ts';
import { nearest } from './suggestion.ts';
import { usageError } from './usageError.ts';

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, Option>> = {
  json: { kind: 'flag', help: 'print JSON, for programs' },
  help: { kind: 'flag', short: 'h', help: 'show this' },
};

type Value = string | boolean | number | readonly string[];

/** A command line that was checked against its command's options: a name that is not among them is a bug. */
export class Arguments {
  readonly #positionals: ReadonlyMap<string, readonly string[]>;
  readonly #options: ReadonlyMap<string, Value>;

  constructor(positionals: ReadonlyMap<string, readonly string[]>, options: ReadonlyMap<string, Value>) {
    this.#positionals = positionals;
    this.#options = options;
  }

  /** A positional that takes one word. */
  one(name: string): string {
    const [word] = this.many(name);
    if (word === undefined) throw usageError(`${name} is missing`);
    return word;
  }

  optional(name: string): string | undefined {
    return this.many(name)[0];
  }

  many(name: string): readonly string[] {
    return this.#positionals.get(name) ?? [];
  }

  flag(name: string): boolean {
    return this.#options.get(name) === true;
  }

  text(name: string): string | undefined {
    const value = this.#options.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  integer(name: string): number | undefined {
    const value = this.#options.get(name);
    return typeof value === 'number' ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#options.get(name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }
}

/** @throws a usage error that names what is unknown, missing, too much or out of its range */
export function parseArguments(command: Command, argv: readonly string[]): Arguments {
  const specified: Readonly<Record<string, Option>> = { ...command.options, ...commonOptions };
  const { tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(
      Object.entries(specified).map(([name, option]) => [
        name,
        {
          type: option.kind === 'flag' ? ('boolean' as const) : ('string' as const),
          ...(option.short === undefined ? {} : { short: option.short }),
        },
      ]),
    ),
  });
  const words: string[] = [];
  const options = new Map<string, Value>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(specified, token.name) ? specified[token.name] : undefined;
    if (option === undefined) throw unknownOption(token.rawName, Object.keys(specified));
    options.set(token.name, readOption(token.name, option, token.value, options.get(token.name)));
  }
  return new Arguments(assignPositionals(command, words), options);
}

function unknownOption(rawName: string, names: readonly string[]): Error {
  const meant = nearest(rawName.replace(/^-+/, ''), names);
  return usageError(`there is no option ${rawName}${meant === undefined ? '' : `; did you mean --${meant}?`}`);
}

function readOption(name: string, option: Option, value: string | undefined, before: Value | undefined): Value {
  if (option.kind === 'flag') {
    if (value !== undefined) throw usageError(`--${name} takes no value`);
    return true;
  }
  if (value === undefined) throw usageError(`--${name} needs a value: --${name} ${option.value ?? 'VALUE'}`);
  if (option.kind === 'list') return [...(Array.isArray(before) ? before : []), value];
  if (before !== undefined) throw usageError(`--${name} is given twice`);
  return option.kind === 'integer' ? readInteger(name, option, value) : value;
}

function readInteger(name: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Option, value: string): number {
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
  throw usageError(`--${name} must be a whole number ${range}, got "${value}"`);
}

function assignPositionals(command: Command, words: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const assigned = new Map<string, readonly string[]>();
  let next = 0;
  for (const { name, takes } of command.positionals) {
    const taken = takes === 'many' ? words.slice(next) : words.slice(next, next + 1);
    if (takes === 'one' && taken.length === 0) throw usageError(`adp ${command.name} needs ${name}`);
    assigned.set(name, taken);
    next += taken.length;
  }
  const [extra] = words.slice(next);
  if (extra !== undefined) throw usageError(`adp ${command.name} doesn't know what to do with "${extra}"`);
  return assigned;
}
