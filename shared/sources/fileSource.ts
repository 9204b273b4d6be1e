import { checkJson } from '../check.ts';
import { AdpError } from '../errors.ts';
import type { FormatName, ReadOptions } from '../formats/format.ts';
import type { EntityName } from '../model/entities.ts';
import {
  type DropName,
  type EntityNaming,
  type NamingRules,
  parseDropName,
  unknownName,
  usualNames,
} from '../sync/drops/dropName.ts';
import { namePattern } from '../sync/drops/namePattern.ts';
import type { DropPlace } from '../sync/drops/place.ts';
import { type Candidate, refuseLeftOut } from './candidate.ts';
import type { Dealer } from './dealer.ts';
import { type EffectiveEntity, effectiveEntity, entitiesOf, zoneOf } from './effective.ts';
import { fileEntitySettings, fileSourceSettings } from './fileConnector.ts';
import type { Source } from './source.ts';

const sourceCheck = checkJson(fileSourceSettings);
const entityCheck = checkJson(fileEntitySettings);

/** Whose a file is, as its name and the dealer's sources say. */
export interface NamedFile {
  readonly name: DropName;
  /** Undefined where no source covers the entity, so that rows are canonical. */
  readonly source: Candidate['source'] | undefined;
  /** IANA. */
  readonly zone: string;
  readonly needsManifest: boolean;
  /** The source's; undefined where it leaves that to the file. */
  readonly encoding: string | undefined;
  readonly format: FormatName | undefined;
  readonly options: Pick<ReadOptions, 'delimiter' | 'quote' | 'path' | 'element' | 'sheet' | 'headerRow'>;
}

/**
 * The source whose names a file has: of the dealer's enabled `file` sources, or none where none covers the entity.
 * @throws AdpError `DATA_ERROR` (park) for a name that none knows; `CONFIG_ERROR` where two sources claim it;
 * `CONFLICT` (park) where its source is disabled
 */
export function nameFile(dealer: Dealer, candidates: readonly Candidate[], place: DropPlace): NamedFile {
  const files = candidates.filter(({ source }) => source.value.connector === 'file').map((one) => rulesOf(dealer, one));
  const claims = files.flatMap((file) => {
    const name = isWithin(place, file.folder) ? parseDropName(place, file.rules) : undefined;
    return name === undefined ? [] : [{ ...file, name }];
  });
  const enabled = claims.filter(({ candidate }) => candidate.source.value.enabled !== false);
  const [mine, other] = enabled;
  if (mine !== undefined && other !== undefined) {
    const ids = enabled.map(({ candidate }) => candidate.source.id).join(', ');
    throw new AdpError(
      'CONFIG_ERROR',
      `Several sources bring ${place.file}: ${ids}. Give them folders or other names.`,
    );
  }
  if (mine !== undefined) return toNamedFile(dealer, mine.candidate, mine.name, mine.needsManifest, mine.encoding);
  const [disabled] = claims;
  if (disabled !== undefined) {
    const { id } = disabled.candidate.source;
    throw new AdpError('CONFLICT', `The source ${id} is disabled: nothing is taken for it.`, { disposition: 'park' });
  }
  const usual = usualNames(zoneOf(dealer));
  const name = parseDropName(place, usual);
  if (name === undefined) throw unknownName(place, [...files.map(({ rules }) => rules), usual]);
  const here = files.filter(({ folder }) => isWithin(place, folder)).map(({ candidate }) => candidate);
  refuseLeftOut(here, 'file', name.entity);
  return {
    name,
    source: undefined,
    zone: usual.zone,
    needsManifest: false,
    encoding: undefined,
    format: undefined,
    options: {},
  };
}

interface FileRules {
  readonly candidate: Candidate;
  readonly rules: NamingRules;
  readonly folder: string | undefined;
  readonly needsManifest: boolean;
  readonly encoding: string | undefined;
}

function rulesOf(dealer: Dealer, candidate: Candidate): FileRules {
  const { source, pack } = candidate;
  const { folder, manifest, encoding } = sourceCheck.parse(source.value.settings ?? {});
  const naming = (entity: EntityName): EntityNaming => {
    const { files = [], format } = entityCheck.parse(effectiveEntity(dealer, source.value, pack, entity).settings);
    return { patterns: files.map(({ name, kind }) => namePattern(name, kind)), format };
  };
  const entities = new Map(entitiesOf(source.value, pack).map((entity) => [entity, naming(entity)]));
  return {
    candidate,
    rules: { zone: zoneOf(dealer, source.value), entities },
    folder,
    needsManifest: manifest === 'required',
    encoding,
  };
}

function toNamedFile(
  dealer: Dealer,
  { source, pack }: Candidate,
  name: DropName,
  needsManifest: boolean,
  sourceEncoding: string | undefined,
): NamedFile {
  const effective = effectiveEntity(dealer, source.value, pack, name.entity);
  const { encoding, format } = entityCheck.parse(effective.settings);
  return {
    name,
    source,
    zone: effective.zone,
    needsManifest,
    encoding: encoding ?? sourceEncoding,
    format,
    options: formatOptions(effective),
  };
}

/** How files of an entity are read, apart from their format and encoding. */
function formatOptions({ settings }: EffectiveEntity): ReadOptions {
  const { delimiter, quote, path, element, sheet, header_row } = entityCheck.parse(settings);
  return {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? {} : { quote }),
    ...(path === undefined ? {} : { path }),
    ...(element === undefined ? {} : { element }),
    ...(sheet === undefined ? {} : { sheet }),
    ...(header_row === undefined ? {} : { headerRow: header_row }),
  };
}

/** How a file of the source is read, whatever its name; of another connector's source nothing is said. */
export function fileReading(
  { connector, settings }: Source,
  effective: EffectiveEntity,
): { readonly options: ReadOptions; readonly format: FormatName | undefined } {
  if (connector !== 'file') return { options: {}, format: undefined };
  const { format, encoding = sourceCheck.parse(settings ?? {}).encoding } = entityCheck.parse(effective.settings);
  return { options: { ...formatOptions(effective), ...(encoding === undefined ? {} : { encoding }) }, format };
}

function isWithin(place: DropPlace, folder: string | undefined): boolean {
  return folder === undefined || place.folder === folder || place.folder.startsWith(`${folder}/`);
}
