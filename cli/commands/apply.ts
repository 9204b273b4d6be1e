import type { Command, Invocation } from '../command.ts';
import { type Applied, applyItems, type Plan, planItem } from '../configuration/applyItems.ts';
import type { Item } from '../configuration/configuration.ts';
import { formatCount } from '../output.ts';
import { usageError } from '../usageError.ts';

const shownPaths = 6;

export const apply: Command = {
  name: 'apply',
  summary: 'Bring packs, dealers and sources to what files say',
  details: [
    'The files, YAML or JSON: { packs: { NAME: {…} }, dealers: { ID: { name, time_zone, …, sources: { ID: {…} } } } }.',
    'What is already so is left alone; what the hub has beyond the files too.',
  ].join('\n'),
  positionals: [{ name: 'FILE', takes: 'many', help: 'more files or folders, the same as with -f' }],
  options: {
    file: { kind: 'list', short: 'f', value: 'FILE', help: 'a file, or a folder of files; may be repeated' },
    'dry-run': { kind: 'flag', help: 'only show what would change' },
  },
  examples: ['adp apply -f examples/adventure-works/hub.yaml', 'adp apply -f dealers/ -f packs/ --dry-run'],
  async run(invocation) {
    const { args, hub, output, cwd } = invocation;
    const names = [...args.list('file'), ...args.many('FILE')];
    if (names.length === 0) throw usageError('adp apply needs a file: -f FILE');
    // Slow to load: YAML.
    const { readFiles } = await import('../configuration/readFiles.ts');
    const items = await readFiles(names, cwd);
    if (args.flag('dry-run')) return showPlans(invocation, items);
    const width = nameWidth(items);
    const applied = await applyItems(hub, items, (each) => {
      if (!output.json) showApplied(invocation, each, width);
    });
    if (output.json) output.data(applied.map(toData));
    else output.line(countOutcomes(applied.map(({ outcome }) => outcome)));
    return applied.every(({ outcome }) => outcome !== 'failed' && outcome !== 'blocked');
  },
};

async function showPlans({ hub, output }: Invocation, items: readonly Item[]): Promise<boolean> {
  const plans: Plan[] = [];
  for (const item of items) plans.push(await planItem(hub, item));
  if (output.json) {
    output.data(plans.map((plan) => ({ ...nameOf(plan.item), action: plan.action, paths: pathsOf(plan) })));
    return true;
  }
  const width = nameWidth(items);
  const words = { create: 'would be created', change: 'would change', none: 'unchanged' };
  for (const plan of plans) output.line(describe(plan, words[plan.action], width));
  output.line(countOutcomes(plans.map(({ action }) => words[action])));
  return true;
}

function showApplied({ output }: Invocation, applied: Applied, width: number): void {
  const { plan, outcome } = applied;
  const word = outcome === 'blocked' ? 'not applied: its dealer is not' : outcome;
  output.line(describe(plan, outcome === 'failed' ? output.style.bad(word) : word, width));
  if (applied.outcome === 'failed') {
    for (const line of applied.reason.split('\n')) output.line(`        ${line}`);
  }
}

function describe(plan: Plan, word: string, width: number): string {
  const paths = pathsOf(plan);
  const more = paths.length > shownPaths ? `, … ${paths.length - shownPaths} more` : '';
  const changes = paths.length === 0 ? '' : `  ${paths.slice(0, shownPaths).join(', ')}${more}`;
  return `${plan.item.kind.padEnd(6)}  ${plan.item.name.padEnd(width)}  ${word}${changes}`;
}

function pathsOf(plan: Plan): readonly string[] {
  return plan.action === 'change' ? plan.paths : [];
}

function nameOf({ kind, name, file }: Item): { kind: string; name: string; file: string } {
  return { kind, name, file };
}

function toData(applied: Applied): object {
  const reason = applied.outcome === 'failed' ? { reason: applied.reason } : {};
  return { ...nameOf(applied.plan.item), outcome: applied.outcome, paths: pathsOf(applied.plan), ...reason };
}

function nameWidth(items: readonly Item[]): number {
  return Math.max(0, ...items.map(({ name }) => name.length));
}

function countOutcomes(outcomes: readonly string[]): string {
  return [...Map.groupBy(outcomes, (outcome) => outcome)]
    .map(([outcome, same]) => `${formatCount(same.length)} ${outcome}`)
    .join(', ');
}
