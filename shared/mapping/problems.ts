import { type FieldError, maxErrorsPerRow } from '../model/fieldError.ts';

/**
 * What is wrong with one row, gathered while it is mapped. Whoever finds a problem doesn't know where it stands: each
 * level above puts its own step in front (`within`), so that good rows pay nothing for paths.
 */
export class Problems {
  readonly errors: FieldError[] = [];
  /** All that were found, also those beyond the ones that are kept. */
  count = 0;

  /** The value can't be held by its canonical field. Returns undefined: the value is absent from then on. */
  data(detail: string): undefined {
    this.add('DATA_ERROR', detail);
  }

  /** The mapping doesn't fit the value. Returns undefined, as `data` does. */
  mapping(detail: string): undefined {
    this.add('MAPPING_ERROR', detail);
  }

  /** Puts a step (`amount`, `[2]`) in front of the fields of all errors kept since there were `from` of them. */
  within(from: number, step: string): void {
    for (let index = from; index < this.errors.length; index++) {
      const error = this.errors[index];
      if (error !== undefined) this.errors[index] = { ...error, field: joined(step, error.field) };
    }
  }

  private add(code: FieldError['code'], detail: string): void {
    this.count++;
    if (this.errors.length < maxErrorsPerRow) this.errors.push({ field: '', code, detail });
  }
}

function joined(step: string, rest: string): string {
  return rest === '' || rest.startsWith('[') ? step + rest : `${step}.${rest}`;
}
