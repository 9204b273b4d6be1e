import { readFiles } from '../../cli/configuration/readFiles.ts';
import type { Candidate } from '../../shared/sources/candidate.ts';
import { type Dealer, dealerCheck } from '../../shared/sources/dealer.ts';
import { packCheck, sourceCheck } from '../../shared/sources/faults.ts';

/** A source of a configuration file, as the hub would find it. */
export interface ExampleSource extends Candidate {
  readonly dealerId: string;
  readonly dealer: Dealer;
}

/** Every source of a configuration file. */
export async function readSources(file: string): Promise<ExampleSource[]> {
  const items = await readFiles([file], process.cwd());
  const wanted = (kind: string, name: string | undefined): unknown =>
    items.find((item) => item.kind === kind && item.name === name)?.wanted;
  return items
    .filter(({ kind }) => kind === 'source')
    .map((item) => {
      const [dealerId = '', id = ''] = item.name.split('/');
      const value = sourceCheck.parse(item.wanted);
      return {
        dealerId,
        dealer: dealerCheck.parse(wanted('dealer', dealerId)),
        source: { id, value, etag: '' },
        pack: value.extends === undefined ? undefined : packCheck.parse(wanted('pack', value.extends)),
      };
    });
}
