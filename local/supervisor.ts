import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AdpError } from '../shared/errors.ts';
import { type PartDefinition, type SupervisedPart, startPart } from './part.ts';
import { partIdsIn } from './partIds.ts';

/** Keeps the parts of one stack running. */
export interface Supervisor {
  start(definition: PartDefinition): Promise<SupervisedPart>;
  /** Ends the parts, the last started first, and resolves when all are gone. */
  stop(): Promise<void>;
}

export async function createSupervisor(
  dataDir: string,
  log: (line: string) => void,
  onHopeless: (error: AdpError) => void,
): Promise<Supervisor> {
  const logs = join(dataDir, 'logs');
  await mkdir(logs, { recursive: true });
  const partIds = partIdsIn(dataDir);
  const starting: Promise<SupervisedPart>[] = [];
  return {
    start: (definition) => {
      const part = startPart(definition, {
        log,
        onHopeless,
        logFile: join(logs, `${definition.name}.log`),
        onStart: (pid) => partIds.remember(definition.name, pid),
      });
      starting.push(part);
      return part;
    },
    stop: async () => {
      // What failed to start has ended already.
      for (const part of starting.reverse()) {
        await part.then(
          (started) => started.stop(),
          () => undefined,
        );
      }
      await partIds.forgetAll();
    },
  };
}
