import type { FormatRow } from '../../shared/formats/format.ts';
import type { RowTexts, TextEnd } from '../../shared/formats/rowTexts.ts';

/** Rows by their texts and what these mean beside. */
export type Known = Map<string, Record<string, unknown>>;

/** Reads as a diff does: the text in pieces, in a buffer of limited room; rows that are known are passed by. */
export function readTexts(
  texts: RowTexts,
  data: string | Uint8Array,
  known: Known | undefined,
  pieceBytes: number,
  roomBytes: number,
): FormatRow[] {
  const rows: FormatRow[] = [];
  const bytes = Buffer.from(data);
  const spans = new Uint32Array(2 * 3);
  let text = Buffer.alloc(0);
  let fed = 0;
  let end: TextEnd = 'more';
  while (end !== 'last') {
    const piece = bytes.subarray(fed, fed + Math.min(pieceBytes, roomBytes - text.length));
    fed += piece.length;
    text = Buffer.concat([text, piece]);
    end = fed === bytes.length ? 'last' : text.length >= roomBytes ? 'full' : 'more';
    let at = 0;
    for (;;) {
      const cut = texts.cut(text, at, end, spans);
      if (cut.read.length === 0 && cut.rows === 0 && cut.end === at) break;
      rows.push(...cut.read);
      for (let row = 0; row < cut.rows; row += 1) {
        const own = `${texts.context} ${text.toString('utf8', spans[2 * row], spans[2 * row + 1])}`;
        const values = known?.get(own);
        if (values !== undefined) {
          rows.push({ row: -1, values });
          continue;
        }
        const read = texts.read(row, text);
        if (read instanceof Promise) throw new Error('Text is at hand.');
        rows.push(read);
        if ('values' in read) known?.set(own, read.values);
      }
      texts.done();
      at = cut.end;
    }
    text = text.subarray(at);
  }
  return [...rows, ...texts.end()];
}
