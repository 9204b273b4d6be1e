import { encodeMap, items, textOf } from './encoding.ts';
import { rhea } from './rhea.ts';
import { encodeSection, sectionCode, sectionsOf } from './sections.ts';

/** Application properties as a client names them: values are whatever AMQP can carry. */
export interface Properties {
  readonly [name: string]: unknown;
}

/** The bare message with these application properties set; all others, and everything else, stay bit for bit. */
export function setApplicationProperties(bare: Buffer, properties: Properties): Buffer {
  if (Object.keys(properties).length === 0) return bare;
  const sections = sectionsOf(bare);
  const encoded = rhea.message.encode({ application_properties: properties, body: null });
  const merged = new Map([...entriesIn(sections), ...entriesIn(sectionsOf(encoded))]);
  const before = sections.filter((section) => section.code < sectionCode.applicationProperties);
  const after = sections.filter((section) => section.code > sectionCode.applicationProperties);
  return Buffer.concat([
    ...before.map((section) => section.bytes),
    encodeSection(sectionCode.applicationProperties, encodeMap([...merged.values()].flat())),
    ...after.map((section) => section.bytes),
  ]);
}

function* entriesIn(sections: ReturnType<typeof sectionsOf>): Generator<[string, readonly Buffer[]]> {
  const section = sections.find((candidate) => candidate.code === sectionCode.applicationProperties);
  if (section === undefined) return;
  const keysAndValues = items(section.value, 0);
  for (let i = 0; i + 1 < keysAndValues.length; i += 2) {
    const entry = keysAndValues.slice(i, i + 2);
    const key = entry[0];
    if (key !== undefined) yield [textOf(key), entry];
  }
}
