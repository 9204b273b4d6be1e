import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';

interface QueueOfInfra {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
}
interface QueueOfEmulator {
  readonly Name: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

// The emulator wants the queues in words of its own; they must not drift from those that everything else is checked by.
test('compose.yaml defines the queues of infra/queues.json, but for how long a message lives', async () => {
  const infra: QueueOfInfra[] = JSON.parse(await readFile('infra/queues.json', 'utf8'));
  const compose = parse(await readFile('compose.yaml', 'utf8'));
  const emulator = JSON.parse(compose.configs['service-bus'].content);
  const queues: QueueOfEmulator[] = emulator.UserConfig.Namespaces[0].Queues;

  const kept = ({ defaultMessageTimeToLive: _, ...properties }: Record<string, unknown>) => properties;
  const lowerFirst = ([name, value]: [string, unknown]) => [name.charAt(0).toLowerCase() + name.slice(1), value];
  expect(
    queues.map(({ Name, Properties }) => {
      const { requiresSession, ...properties } = Object.fromEntries(Object.entries(Properties).map(lowerFirst));
      expect(requiresSession).toBe(false);
      return { name: Name, properties: kept(properties) };
    }),
  ).toEqual(infra.map(({ name, properties }) => ({ name, properties: kept(properties) })));
});
