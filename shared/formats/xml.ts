import { defineFormat } from './format.ts';
import { decodeText } from './text.ts';
import { XmlReader } from './xmlReader.ts';

/**
 * The root's children are the rows, whatever their names. Of a row:
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
  async *read(bytes, options = {}) {
    const reader = new XmlReader(options);
    for await (const text of decodeText(bytes)) {
      yield reader.push(text);
    }
    yield reader.end();
  },
});
