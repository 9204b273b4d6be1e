import { NumberLiteral } from '../model/literal.ts';
import { shapeOf } from '../model/shape.ts';
import { damaged } from './damage.ts';
import { defaultMaxDepth, defaultMaxFieldLength, type FormatRow, maxRawLength, type ReadOptions } from './format.ts';
import { findJsonFault } from './jsonFault.ts';
import { isJsonObject } from './jsonObject.ts';
import { findArray } from './jsonPath.ts';
import { surveyJson } from './jsonSurvey.ts';
import { brokenJson, parseJson, parseSurveyed, tooDeep } from './jsonText.ts';
import { limitExceeded } from './limits.ts';
import { TextPlace } from './textPlace.ts';

const comma = 0x2c;
const openArray = 0x5b;
const closeArray = 0x5d;
const fieldsPerRow = 16;
/** Behind the text, so that the survey never looks beyond its memory: V8 would slow it down by half for good. */
const slack = Buffer.alloc(8);
/** Stands for the rows where what is around them is parsed. */
const placeholder = '["rows"]';

export interface JsonReaderOptions extends Pick<ReadOptions, 'maxDepth' | 'maxFieldLength' | 'path'> {
  /** Called once, when the array of rows is found. */
  readonly onPath?: (path: string) => void;
  /** Called once in the end, as `ReadOptions` says. */
  readonly onEnvelope?: ReadOptions['onEnvelope'];
}

/**
 * Takes UTF-8 in pieces of any size and gives the rows that became complete. Throws what `json` says.
 *
 * The array of rows is parsed in slices of many elements: a slice ends at a comma between two of them, and becomes an
 * array of its own by two brackets. What is around the array is kept, and parsed in the end with the rows left out.
 */
export class JsonReader {
  readonly #maxDepth: number;
  readonly #maxRest: number;
  readonly #asked: string | undefined;
  readonly #onPath: JsonReaderOptions['onPath'];
  readonly #onEnvelope: JsonReaderOptions['onEnvelope'];
  #state: 'before' | 'rows' | 'after' = 'before';
  /** Text that was not read yet; within the rows it begins with the comma or bracket before the next one. */
  #rest = Buffer.alloc(0);
  /** Pieces that follow it and were not looked at yet: joining them one by one would copy everything with each. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** How long the rest must be before it is worth another look. */
  #enough = 0;
  #path: readonly string[] = [];
  #before = Buffer.alloc(0);
  /** Where `#rest` begins. */
  #place = new TextPlace();
  #row = 0;
  /** Nothing was looked at since `resume`: the rest may begin with anything. */
  #isResumed = false;

  constructor(options: JsonReaderOptions = {}) {
    this.#maxDepth = options.maxDepth ?? defaultMaxDepth;
    this.#maxRest = (options.maxFieldLength ?? defaultMaxFieldLength) * fieldsPerRow;
    this.#asked = options.path;
    this.#onPath = options.onPath;
    this.#onEnvelope = options.onEnvelope;
  }

  push(utf8: Buffer): FormatRow[] {
    if (!this.#add(utf8)) {
      return [];
    }
    if (this.#state === 'before') {
      this.#findRows();
    }
    const rows = this.#state === 'rows' ? this.#readRows() : [];
    this.#limitRest();
    return rows;
  }

  /**
   * Instead of `push`, for who cuts the rows himself: what there is of the text from their array's bracket on, once that
   * was found. Then `readOne`, as often as need be, and in the end `resume`.
   */
  find(utf8: Buffer, isLast = false): Buffer | undefined {
    if (isLast) {
      this.#enough = 0;
    }
    if (!this.#add(utf8)) {
      return undefined;
    }
    this.#findRows();
    if (this.#state === 'before') {
      this.#limitRest();
      return undefined;
    }
    const found = this.#rest;
    this.#rest = Buffer.alloc(0);
    this.#enough = 0;
    return found;
  }

  /** An element of the array, the `row`th, that another has cut. */
  readOne(utf8: Buffer, start: number, end: number, row: number): FormatRow {
    const survey = surveyJson(utf8, start, end, this.#maxDepth - this.#path.length - 1);
    if (!survey) {
      throw tooDeep(this.#maxDepth);
    }
    try {
      return toRow(parseSurveyed(utf8, start, end, survey.places), row);
    } catch (error) {
      throw brokenJson(utf8.toString('utf8', start, end), new TextPlace(` of row ${row}`), error);
    }
  }

  /**
   * Goes on behind rows that another has read: what is pushed next follows them, from a comma or the last bracket on;
   * where there were none, it begins with the array's bracket.
   */
  resume(rows: number): void {
    if (rows > 0) {
      this.#row = rows;
      this.#isResumed = true;
      this.#place = new TextPlace(` behind row ${rows}`);
    }
  }

  end(): FormatRow[] {
    this.#enough = 0;
    const rows = this.push(Buffer.alloc(0));
    if (this.#state === 'before') {
      const root = parseJson(this.#rest, 0, this.#rest.length, this.#maxDepth);
      this.#onEnvelope?.(root);
      throw damaged(this.#describeMissing(root));
    }
    if (this.#state === 'rows') {
      throw this.#brokenRows();
    }
    this.#checkSurroundings();
    return rows;
  }

  /** False: there is not enough yet to be looked at. */
  #add(utf8: Buffer): boolean {
    this.#waitingBytes += utf8.length;
    const length = this.#rest.length + this.#waitingBytes;
    // A row that needs many pieces is looked at each time the text has doubled, not with each piece.
    if (length < this.#enough) {
      // A copy: the caller's memory is used again.
      this.#waiting.push(Buffer.from(utf8));
      return false;
    }
    this.#rest = Buffer.concat([this.#rest, ...this.#waiting, utf8, slack]).subarray(0, length);
    this.#waiting = [];
    this.#waitingBytes = 0;
    return true;
  }

  #limitRest(): void {
    if (this.#rest.length > this.#maxRest) {
      throw limitExceeded(`bytes of ${this.#state === 'rows' ? 'a row' : 'what is around the rows'}`, this.#maxRest);
    }
    this.#enough = Math.min(2 * this.#rest.length, this.#maxRest + 1);
  }

  #findRows(): void {
    const path = this.#asked?.split('.') ?? (findArray(this.#rest, []) >= 0 ? [] : ['records']);
    const start = findArray(this.#rest, path);
    if (start < 0) {
      return;
    }
    this.#path = path;
    this.#before = this.#rest.subarray(0, start);
    this.#rest = this.#rest.subarray(start);
    this.#place.advance(this.#before);
    this.#state = 'rows';
    this.#onPath?.(path.join('.'));
  }

  #readRows(): FormatRow[] {
    const text = this.#rest;
    if (this.#isResumed && text.length > 0) {
      this.#isResumed = false;
      if (text[0] === closeArray) {
        this.#goBehind(1);
        this.#state = 'after';
        return [];
      }
      if (text[0] !== comma) {
        throw this.#brokenText();
      }
    }
    text[0] = openArray;
    const maxDepth = this.#maxDepth - this.#path.length;
    const survey = surveyJson(withSlack(text), 0, text.length, maxDepth);
    this.#restoreStart();
    if (!survey) {
      throw tooDeep(this.#maxDepth);
    }
    const isEnd = survey.close >= 0;
    const end = isEnd ? survey.close : survey.separator;
    if (end < 0) {
      return [];
    }
    if (isEnd && text[end] !== closeArray) {
      throw this.#brokenRows();
    }
    const places = isEnd ? survey.places : survey.places.slice(0, survey.placesBefore);
    const elements = this.#parse(end, places);
    if (elements.length === 0 && !(isEnd && this.#row === 0)) {
      throw this.#brokenRows();
    }
    const rows = elements.map((value, index) => toRow(value, this.#row + index + 1));
    this.#row += rows.length;
    this.#goBehind(isEnd ? end + 1 : end);
    this.#state = isEnd ? 'after' : 'rows';
    return rows;
  }

  /** The elements from the start of the rest up to `end`, where a comma or the last bracket is. */
  #parse(end: number, places: readonly number[]): readonly unknown[] {
    const text = this.#rest;
    const last = text[end] ?? closeArray;
    text[0] = openArray;
    text[end] = closeArray;
    try {
      const elements = parseSurveyed(text, 0, end + 1, places);
      return Array.isArray(elements) ? elements : [];
    } catch (error) {
      text[end] = last;
      throw this.#brokenRows(error);
    } finally {
      text[end] = last;
      this.#restoreStart();
    }
  }

  #restoreStart(): void {
    this.#rest[0] = this.#row === 0 ? openArray : comma;
  }

  #goBehind(end: number): void {
    this.#place.advance(this.#rest.subarray(0, end));
    this.#rest = this.#rest.subarray(end);
  }

  #brokenRows(cause?: unknown): Error {
    this.#restoreStart();
    return this.#brokenText(cause);
  }

  #brokenText(cause?: unknown): Error {
    // An element before the comma, so that what follows it is no JSON only for what is wrong with it.
    const text = this.#rest.toString();
    return this.#row === 0
      ? brokenJson(text, this.#place, cause)
      : brokenJson(`[0${text}`, this.#place.before('[0'.length), cause);
  }

  #checkSurroundings(): void {
    const before = this.#before.toString();
    const after = this.#rest.toString();
    const text = `${before}${placeholder}${after}`;
    const fault = findJsonFault(text);
    if (fault) {
      const isBefore = fault.position < before.length;
      const where = isBefore
        ? new TextPlace().describe(text, fault.position)
        : this.#place.describe(after, fault.position - before.length - placeholder.length);
      throw damaged(`The JSON is broken at ${where}: ${fault.what}.`);
    }
    const utf8 = Buffer.from(text);
    const root = parseJson(utf8, 0, utf8.length, this.#maxDepth);
    const found = this.#path.reduce((value, name) => (isJsonObject(value) ? value[name] : undefined), root);
    if (JSON.stringify(found) !== placeholder) {
      throw damaged(`The JSON names ${JSON.stringify(this.#path.join('.'))} more than once.`);
    }
    this.#onEnvelope?.(root);
  }

  #describeMissing(root: unknown): string {
    if (this.#asked !== undefined) {
      return `The JSON has no array of rows at ${JSON.stringify(this.#asked)}; its root is ${shapeOf(root)}.`;
    }
    const found = isJsonObject(root) ? 'an object without a "records" array' : shapeOf(root);
    return `The JSON must be an array of rows, or an object with such an array as "records"; it is ${found}.`;
  }
}

function withSlack(text: Buffer): Buffer {
  return Buffer.from(text.buffer, text.byteOffset, text.length + slack.length);
}

function toRow(value: unknown, row: number): FormatRow {
  if (isJsonObject(value)) {
    return { row, values: value };
  }
  const raw = (value instanceof NumberLiteral ? value.text : JSON.stringify(value)).slice(0, maxRawLength);
  return { row, error: `A row must be an object; this is ${shapeOf(value)}.`, raw };
}
