import { isDay } from '../../model/instant.ts';

/** Digits of each part of a time's form, such as `yyyy_MM_dd_HH_mm_ss`. */
const widths: Readonly<Record<string, number>> = { yyyy: 4, MM: 2, dd: 2, HH: 2, mm: 2, ss: 2 };

/** The parts that a form names, in their order. */
export function partsOf(form: string): string[] {
  return form.match(/yyyy|MM|dd|HH|mm|ss/g) ?? [];
}

/** A regular expression for what a form stands for; with `capture`, each part is a group. */
export function shapeOf(form: string, capture: boolean): string {
  return form
    .split(/(yyyy|MM|dd|HH|mm|ss)/)
    .map((part) => {
      const width = widths[part];
      if (width === undefined) return escaped(part);
      return capture ? `(\\d{${width}})` : `\\d{${width}}`;
    })
    .join('');
}

/** Milliseconds since 1970 as if the time's clock were UTC; undefined where `text` is no time of that form. */
export function readLocalTime(form: string, text: string): number | undefined {
  const values = new RegExp(`^${shapeOf(form, true)}$`).exec(text)?.slice(1);
  if (values === undefined) return undefined;
  const named = new Map(partsOf(form).map((part, index) => [part, Number(values[index])]));
  const at = (part: string) => named.get(part) ?? 0;
  const day = [at('yyyy'), at('MM'), at('dd')] as const;
  if (!isDay(...day) || at('HH') > 23 || at('mm') > 59 || at('ss') > 59) return undefined;
  return Date.UTC(day[0], day[1] - 1, day[2], at('HH'), at('mm'), at('ss'));
}

/** Text that stands for itself in a regular expression. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
