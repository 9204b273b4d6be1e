import { damaged } from './damage.ts';
import { type Encoding, encodingOf } from './encoding.ts';
import { defineFormat, firstCharacter } from './format.ts';
import { decodeText } from './text.ts';
import { XmlReader } from './xmlReader.ts';

/**
 * The elements that `element` names are the rows; without it the root's children are, whatever their names. Of a row:
 * - a child element is a field, as text; one that has attributes or elements itself is an object
 * - an attribute is a field, too; an element of the same name wins
 * - elements that are repeated are an array (a single one is not: a schema would be needed to know)
 * - `xsi:nil="true"` is null; other attributes of `xsi` are left out, and so are namespace declarations
 * - the text of an element that is an object is trimmed, and is its field `#text` if anything remains
 * Names are without their namespace prefix.
 *
 * A DOCTYPE is refused, so only the five predefined entities and character references exist.
 */
export const xml = defineFormat({
  name: 'xml',
  mediaTypes: ['application/xml', 'text/xml'],
  extensions: ['xml'],
  needs: 'stream',
  detect: (start) => firstCharacter(start) === '<',
  async *read(bytes, options) {
    const reader = new XmlReader(options);
    const texts = decodeText(bytes, {
      encoding: options.encoding,
      declared: declaredEncoding,
      onEncoding: (encoding) => options.onSniffed?.({ format: 'xml', encoding }),
    });
    for await (const text of texts) {
      yield reader.push(text);
    }
    yield reader.end();
  },
});

/**
 * The encoding that the XML declaration names (XML 1.0, appendix F).
 * @throws AdpError DATA_ERROR for one that we don't read
 */
export function declaredEncoding(start: Uint8Array): Encoding | undefined {
  if (start[0] === 0x3c && start[1] === 0) {
    return 'utf-16le';
  }
  if (start[0] === 0 && start[1] === 0x3c) {
    return 'utf-16be';
  }
  const declaration = Buffer.from(start.subarray(0, 1_024)).toString('latin1');
  const name = /^<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(declaration)?.[1];
  if (name === undefined) {
    return undefined;
  }
  const encoding = encodingOf(name);
  if (encoding === undefined) {
    throw damaged(`The XML declares the encoding ${JSON.stringify(name)}, which is not read.`);
  }
  // Single bytes could be read so far: who wrote UTF-16 into the declaration has converted the text since.
  return encoding.startsWith('utf-16') ? 'utf-8' : encoding;
}
