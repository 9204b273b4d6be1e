import type { FromSchema } from 'json-schema-to-ts';
import { AdpError } from '../../errors.ts';
import { shapeOf } from '../../model/shape.ts';
import { defineTransform } from '../transform.ts';
import { onText } from './text.ts';

const words = { type: 'array', minItems: 1, items: { type: 'string' } } as const;

const args = { type: 'object', additionalProperties: false, properties: { true: words, false: words } } as const;

/** True or false by words, without regard to case and spaces around. Own lists replace the usual ones. */
export const boolean = defineTransform<FromSchema<typeof args>>({
  name: 'boolean',
  args,
  compile(lists) {
    const meanings = new Map<string, boolean>();
    for (const word of lists.true ?? ['true', 'yes', 'y', 't', 'on', '1']) meanings.set(folded(word), true);
    for (const word of lists.false ?? ['false', 'no', 'n', 'f', 'off', '0']) {
      if (meanings.get(folded(word)) === true)
        throw new AdpError('CONFIG_ERROR', `takes "${word}" for true and for false`);
      meanings.set(folded(word), false);
    }
    const read = onText((text, problems) => {
      const meaning = meanings.get(folded(text));
      if (meaning !== undefined || text.trim() === '') return meaning;
      return problems.mapping(`must be one of the words for true or false, got ${shapeOf(text)}`);
    });
    return (value, problems) => (typeof value === 'boolean' ? value : read(value, problems));
  },
});

function folded(word: string): string {
  return word.trim().toLowerCase();
}
