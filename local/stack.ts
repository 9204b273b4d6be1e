import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hashOfKey } from '../shared/auth/keyText.ts';
import { AdpError } from '../shared/errors.ts';
import { keepAdminKey } from './adminKey.ts';
import { keepAuthority, writeTrusted } from './certificates/authority.ts';
import { createCosmosContainers } from './cosmosContainers.ts';
import { holdFolder, type Release } from './folderLock.ts';
import type { Part, SupervisedPart } from './part.ts';
import { waitForEarlierParts } from './partIds.ts';
import {
  cosmosPart,
  hostPart,
  keyVaultPart,
  serviceBusPart,
  settingsFor,
  storagePart,
  type VaultAccess,
} from './parts.ts';
import { anyPorts, requireFreePorts, type StackPorts, usualPorts } from './ports.ts';
import { describeOwner, removeStackFile, writeStackFile } from './stackFile.ts';
import { createSupervisor, type Supervisor } from './supervisor.ts';

export interface StackOptions {
  /** Holds everything; another start on it goes on where this one was. */
  readonly dataDir: string;
  readonly ports: 'usual' | 'auto';
  /** Of HTTP. Default: 7071, or any that is free. */
  readonly port?: number;
  /** The built app. Default: ./dist. */
  readonly app?: string;
  /** App settings beyond the stack's own, or in their place. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Takes what people should see. All that the parts say is in `logs` of the data folder. */
  readonly log?: (line: string) => void;
}

/** Azure on this machine, with the app running in it. */
export interface Stack {
  /** Of HTTP, without a slash at the end. */
  readonly baseUrl: string;
  readonly adminKey: string;
  /** A file that is copied to its folder `{dealerId}/` is brought in. */
  readonly sharesDir: string;
  readonly dataDir: string;
  /** What the app was started with. */
  readonly settings: Readonly<Record<string, string>>;
  readonly host: Part;
  readonly serviceBus: Part;
  readonly cosmos: Part;
  readonly storage: Part;
  readonly keyVault: Part;
  /** Resolves after `stop`; rejects when the stack has stopped itself, because a part kept dying. */
  readonly ended: Promise<void>;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

/**
 * Starts storage, Service Bus, Cosmos DB, Key Vault and the function host, each in a process of its own, and resolves
 * when the app says that it is ready.
 * @throws AdpError CONFIG_ERROR where the folder has a stack already or a port is taken; INTERNAL where a part doesn't
 * get ready. Nothing is left running then.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const dataDir = resolve(options.dataDir);
  const sharesDir = join(dataDir, 'shares');
  await mkdir(sharesDir, { recursive: true });
  const release = await takeFolder(dataDir);
  const log = options.log ?? (() => undefined);
  const ended = Promise.withResolvers<void>();
  // Whoever doesn't ask how the stack ended must not be ended by the answer.
  ended.promise.catch(() => undefined);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= stopAll(dataDir, supervisor, release).then(ended.resolve);
    return stopped;
  };
  const supervisor = await createSupervisor(dataDir, log, (error) => {
    log(`${error.message}. The stack stops.`);
    ended.reject(error);
    void stop();
  });

  try {
    await waitForEarlierParts(dataDir);
    const wanted = portsFor(options);
    await requireFreePorts(wanted);
    const access = await prepareVaultAccess(dataDir);
    const parts = await startBehind(supervisor, dataDir, wanted, access);
    const { storage, serviceBus, cosmos, keyVault } = parts;
    const ports = { ...wanted, ...storage.ports, ...serviceBus.ports, ...cosmos.ports, ...keyVault.ports };
    const adminKey = await keepAdminKey(dataDir);
    const settings = {
      ...settingsFor(ports, access),
      ADMIN_KEY_HASH: hashOfKey(adminKey),
      ...sharesSettings(sharesDir),
      ...options.settings,
    };
    await createCosmosContainers(settings, join(import.meta.dirname, '../infra/cosmos.json'));

    const host = await supervisor.start(hostPart(dataDir, ports, resolve(options.app ?? 'dist'), settings));
    const baseUrl = `http://127.0.0.1:${host.ports.http}`;
    await untilReady(baseUrl);
    await writeStackFile(dataDir, { pid: process.pid, baseUrl, adminKey, shares: sharesDir, settings });
    return { baseUrl, adminKey, sharesDir, dataDir, settings, host, ...parts, ended: ended.promise, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Nobody who copies a file into a folder on this machine wants to wait for the next minute. */
function sharesSettings(sharesDir: string) {
  return { SHARES_FOLDER: sharesDir, SHARES_SCAN_SCHEDULE: '*/3 * * * * *' };
}

async function takeFolder(dataDir: string): Promise<Release> {
  const release = holdFolder(dataDir);
  if (release) return release;
  const owner = await describeOwner(dataDir);
  const remedy = 'Stop it, or choose another folder with --data-dir.';
  throw new AdpError('CONFIG_ERROR', `A stack is running in ${dataDir}${owner}. ${remedy}`);
}

async function stopAll(dataDir: string, supervisor: Supervisor, release: Release): Promise<void> {
  await removeStackFile(dataDir);
  await supervisor.stop();
  release();
}

function portsFor({ ports, port }: StackOptions): StackPorts {
  const chosen = ports === 'usual' ? usualPorts : anyPorts;
  return { ...chosen, ...(port !== undefined && { http: port }) };
}

interface PartsBehind {
  readonly storage: SupervisedPart;
  readonly serviceBus: SupervisedPart;
  readonly cosmos: SupervisedPart;
  readonly keyVault: SupervisedPart;
}

async function startBehind(
  supervisor: Supervisor,
  dataDir: string,
  ports: StackPorts,
  access: VaultAccess,
): Promise<PartsBehind> {
  const [storage, serviceBus, cosmos, keyVault] = await Promise.all([
    supervisor.start(storagePart(dataDir, ports)),
    supervisor.start(serviceBusPart(dataDir, ports)),
    supervisor.start(cosmosPart(dataDir, ports)),
    supervisor.start(keyVaultPart(dataDir, ports, access)),
  ]);
  return { storage, serviceBus, cosmos, keyVault };
}

async function prepareVaultAccess(dataDir: string): Promise<VaultAccess> {
  const certificates = join(dataDir, 'certificates');
  const trusted = await writeTrusted(certificates, await keepAuthority(certificates));
  return { certificates, trusted, identityHeader: randomBytes(32).toString('base64url') };
}

/** How long the app may take to reach all that it needs. */
const readyMs = 60_000;

async function untilReady(baseUrl: string): Promise<void> {
  const deadline = Date.now() + readyMs;
  for (;;) {
    const answer = await fetch(`${baseUrl}/api/v1/health/ready`).catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > deadline) {
      const said = answer ? `${answer.status} ${await answer.text()}` : 'nothing';
      throw new AdpError('INTERNAL', `The app did not get ready in ${readyMs / 1000} s; it last said ${said}`);
    }
    await sleep(50);
  }
}
