import { AdpError } from '../errors.ts';
import { compilePath, type SourceRow } from './path.ts';
import type { Problems } from './problems.ts';
import { isAbsent } from './scalar.ts';
import type { FieldMapping } from './schema.ts';
import type { Apply } from './transform.ts';
import { transforms } from './transforms/registry.ts';
import type { TimeZone } from './zone.ts';

/** Where one field comes from, as a function of the row. Undefined: the source has nothing. */
export interface Rule {
  readonly get: (row: SourceRow, problems: Problems) => unknown;
  /** The row's own fields that it may read. */
  readonly roots: readonly string[];
  /** True where the value doesn't depend on the row. */
  readonly constant: boolean;
  /** The column whose value it is as it stands, where it may be read as `row[column]`. */
  readonly column?: string | undefined;
}

type RuleObject = Exclude<FieldMapping, string>;

/** Takes a fault of the configuration and the place where it is. */
export type Fault = (place: string, fault: string) => void;

/**
 * Compiles a rule: source, then transforms, then the default. What it doesn't understand goes to `fault`, and the rule
 * then gives nothing.
 */
export function compileRule(mapping: FieldMapping, zone: TimeZone, place: string, fault: Fault): Rule {
  if (typeof mapping === 'string') return fromPath(mapping);
  const unknown = Object.keys(mapping).filter((name) => !ruleNames.has(name));
  for (const name of unknown) fault(place, `has no "${name}"`);
  const sources = [mapping.from, mapping.coalesce, mapping.const].filter((source) => source !== undefined);
  if (sources.length !== 1) fault(place, 'must have exactly one of from, coalesce, const');
  const source = compileSource(mapping, zone, place, fault);
  const steps = compileTransforms(mapping.transform ?? [], zone, place, fault);
  const fallback = mapping.default;
  if (steps.length === 0 && fallback === undefined) return source;
  return {
    roots: source.roots,
    constant: source.constant,
    get(row, problems) {
      let value = source.get(row, problems);
      for (const step of steps) {
        if (isAbsent(value)) break;
        value = step(value, problems);
      }
      return isAbsent(value) ? fallback : value;
    },
  };
}

const ruleNames = new Set(['from', 'coalesce', 'const', 'transform', 'default', 'each']);
const nothing: Rule = { get: () => undefined, roots: [], constant: false };

function fromPath(path: string): Rule {
  const { read, roots, column } = compilePath(path);
  return { get: read, roots, constant: false, column };
}

function compileSource(mapping: RuleObject, zone: TimeZone, place: string, fault: Fault): Rule {
  if (mapping.const !== undefined) return { get: () => mapping.const, roots: [], constant: true };
  if (mapping.coalesce !== undefined) {
    return firstOf(
      mapping.coalesce.map((choice, index) => compileRule(choice, zone, `${place}.coalesce[${index}]`, fault)),
    );
  }
  if (mapping.from === undefined) return nothing;
  return typeof mapping.from === 'string' ? fromPath(mapping.from) : listOf(mapping.from.map(fromPath));
}

function firstOf(choices: readonly Rule[]): Rule {
  return {
    roots: choices.flatMap((choice) => choice.roots),
    constant: false,
    get(row, problems) {
      for (const choice of choices) {
        const value = choice.get(row, problems);
        if (!isAbsent(value)) return value;
      }
      return undefined;
    },
  };
}

function listOf(sources: readonly Rule[]): Rule {
  return {
    roots: sources.flatMap((source) => source.roots),
    constant: false,
    get(row, problems) {
      const values = sources.map((source) => source.get(row, problems)).filter((value) => !isAbsent(value));
      return values.length === 0 ? undefined : values;
    },
  };
}

function compileTransforms(
  specs: NonNullable<RuleObject['transform']>,
  zone: TimeZone,
  place: string,
  fault: Fault,
): readonly Apply[] {
  return specs.flatMap((spec, index) => {
    const [name = '', args = {}] = typeof spec === 'string' ? [spec] : (Object.entries(spec)[0] ?? []);
    const transform = transforms.get(name);
    if (transform === undefined) {
      fault(
        `${place}.transform[${index}]`,
        `there is no transform "${name}"; take ${[...transforms.keys()].join(', ')}`,
      );
      return [];
    }
    try {
      return [transform.compile(args, zone)];
    } catch (error) {
      if (!(error instanceof AdpError)) throw error;
      fault(`${place}.transform[${index}].${name}`, error.message);
      return [];
    }
  });
}
