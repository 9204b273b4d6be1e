import { type Import, importsOf, packageOf } from './importsOf.ts';

/** Of a file that breaks a rule: which import, and which rule of architecture.md ("Who may import whom"). */
export type Violation = string;

type Sources = ReadonlyMap<string, string>;

/** The one file of the deployed code that imports each Azure SDK. */
const adapters: Readonly<Record<string, string>> = {
  '@azure/cosmos': 'shared/store/cosmos.ts',
  '@azure/data-tables': 'shared/store/tables.ts',
  '@azure/storage-blob': 'shared/store/blobs.ts',
  '@azure/storage-file-share': 'shared/store/shares.ts',
  '@azure/service-bus': 'shared/delivery/serviceBus.ts',
  '@azure/keyvault-secrets': 'shared/credentials/keyVault.ts',
  '@azure/identity': 'shared/credentials/identity.ts',
};
/** Replays recorded histories with the library, but without a host. */
const replayer = 'test/helpers/orchestrate.ts';
const functionsPackages = ['@azure/functions', 'durable-functions'];
const ioModules =
  /^node:(?:fs|net|tls|http|https|http2|dgram|dns|child_process|cluster|worker_threads|sqlite|inspector)(?:\/|$)/;

const isIn = (path: string, ...folders: readonly string[]) => folders.some((folder) => path.startsWith(`${folder}/`));
const isDeployed = (path: string) => isIn(path, 'functions', 'shared', 'cli');
const isWithoutIo = (path: string) =>
  isIn(path, 'shared/formats', 'shared/mapping', 'shared/snapshot', 'shared/sync', 'shared/resilience');
const isAdapterFolder = (path: string) => isIn(path, 'shared/store', 'shared/delivery', 'shared/credentials');
const isAzure = (target: string) =>
  packageOf(target).startsWith('@azure/') || packageOf(target) === 'durable-functions';

/** A rule about one import: the sentence that it breaks, or undefined. */
type Rule = (path: string, imported: Import) => string | undefined;

const modelStandsAlone: Rule = (path, { specifier, target }) => {
  const isModel = isIn(path, 'shared/model');
  if (!(isModel || path === 'shared/errors.ts') || !specifier.startsWith('.')) {
    return undefined;
  }
  const isAllowed = isModel && (isIn(target, 'shared/model') || target === 'shared/errors.ts');
  return isAllowed ? undefined : 'shared/model and shared/errors import nothing of ours';
};

const interfacesAreDeclaredWhereTheyAreNeeded: Rule = (path, { target }) =>
  isWithoutIo(path) && isAdapterFolder(target)
    ? 'formats, mapping, snapshot, sync and resilience declare the interface that they need and are handed it'
    : undefined;

const connectorsKnowLittle: Rule = (path, { specifier, target }) => {
  const folder = /^(shared\/connectors\/[^/]+?)(?:\.ts$|\/)/.exec(path)?.[1];
  if (folder === undefined || ['shared/connectors/connector', 'shared/connectors/registry'].includes(folder)) {
    return undefined;
  }
  const isAllowed = specifier.startsWith('.')
    ? isIn(target, 'shared/model', folder) || ['shared/errors.ts', 'shared/connectors/connector.ts'].includes(target)
    : !isAzure(target);
  return isAllowed
    ? undefined
    : 'a connector imports model, errors, the connector interface and its own driver; the rest it is handed';
};

const oneFileAnSdk: Rule = (path, { target }) => {
  const name = packageOf(target);
  if (!isDeployed(path) || !name.startsWith('@azure/') || functionsPackages.includes(name)) {
    return undefined;
  }
  return adapters[name] === path
    ? undefined
    : `each Azure SDK is imported in one adapter file (${adapters[name] ?? 'none is named for this one'})`;
};

const onlyFunctionsKnowFunctions: Rule = (path, { target }) =>
  functionsPackages.includes(packageOf(target)) && !isIn(path, 'functions') && path !== replayer
    ? 'only functions/ imports @azure/functions or durable-functions'
    : undefined;

const doorsGoThroughTheApp: Rule = (path, { target, isTypeOnly }) =>
  isIn(path, 'functions', 'cli') && isAdapterFolder(target) && !isTypeOnly
    ? 'functions/ and cli/ reach the world through shared/app.ts'
    : undefined;

const sharedKnowsNoDoors: Rule = (path, { target }) =>
  isIn(path, 'shared') && isIn(target, 'functions', 'cli')
    ? 'shared/ is the domain: it knows nothing of triggers and commands'
    : undefined;

const nothingNeedsTheWorkshop: Rule = (path, { target }) => {
  const workshop = ['test', 'bench', 'local'].find((folder) => isIn(target, folder));
  if (workshop === undefined || isIn(path, workshop)) {
    return undefined;
  }
  // Tests look into every part; the demo and the benchmarks start the stack as anyone would, and the benchmarks the
  // databases that tests start. A dealer of the examples has a SQL Server, and only this one needs no installation; the
  // stack's authority vouches for it, so that TLS is as it is anywhere.
  const isAllowed =
    isIn(path, 'test') ||
    (target === 'local/stack.ts' && isIn(path, 'bench', 'examples')) ||
    (['local/sqlServer/server.ts', 'local/certificates/authority.ts'].includes(target) && isIn(path, 'examples')) ||
    (isIn(target, 'test/helpers') && isIn(path, 'bench'));
  return isAllowed ? undefined : 'nothing imports test/, bench/ or local/';
};

const rules: readonly Rule[] = [
  modelStandsAlone,
  interfacesAreDeclaredWhereTheyAreNeeded,
  connectorsKnowLittle,
  oneFileAnSdk,
  onlyFunctionsKnowFunctions,
  doorsGoThroughTheApp,
  sharedKnowsNoDoors,
  nothingNeedsTheWorkshop,
];

/** Every import that breaks a rule of architecture.md, as a sentence that names the file, the import and the rule. */
export function findViolations(sources: Sources): Violation[] {
  const direct = [...sources].flatMap(([path, text]) =>
    importsOf(path, text).flatMap((imported) =>
      rules.flatMap((rule) => {
        const sentence = rule(path, imported);
        return sentence === undefined ? [] : [`${path} imports ${imported.specifier}: ${sentence}.`];
      }),
    ),
  );
  const reached = [...sources.keys()].filter(isWithoutIo).flatMap((path) => {
    const chain = findIo(path, sources);
    return chain ? [`${chain.join(' imports ')}: formats, mapping, snapshot, sync and resilience do no I/O.`] : [];
  });
  return [...direct, ...reached];
}

/** The shortest way from a file, by imports that remain at run time, to a module that does I/O. */
function findIo(start: string, sources: Sources): string[] | undefined {
  const seen = new Set([start]);
  const chains = [[start]];
  for (const chain of chains) {
    const path = chain.at(-1) ?? start;
    for (const { target, isTypeOnly } of importsOf(path, sources.get(path) ?? '')) {
      if (isTypeOnly || seen.has(target)) {
        continue;
      }
      if (ioModules.test(target) || isAzure(target)) {
        return [...chain, target];
      }
      seen.add(target);
      chains.push([...chain, target]);
    }
  }
  return undefined;
}
