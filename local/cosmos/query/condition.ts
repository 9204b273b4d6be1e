import type { Json, JsonObject } from '../json.ts';
import { Refusal } from '../refusal.ts';
import { bindQuery } from './binding.ts';
import { passes } from './evaluate.ts';
import { parseQuery } from './parser.ts';

/** Whether a document meets a patch's condition, `FROM c WHERE …`. Throws a 400. */
export function matchesCondition(document: JsonObject, condition: Json): boolean {
  if (typeof condition !== 'string') throw new Refusal(400, "A patch's condition must be text.");
  return passes(document, bindQuery(parseQuery(`SELECT * ${condition}`), undefined).where);
}
