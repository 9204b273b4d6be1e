import { damaged } from './damage.ts';
import type { Format, FormatName } from './format.ts';
import { gunzip } from './gunzip.ts';
import { peek } from './peek.ts';
import { type ByteSource, isRandomAccess, type RandomAccess, toRandomAccess, toStream } from './randomAccess.ts';
import { detectFormat, formatByExtension, formatNamed, knownExtensions } from './registry.ts';
import { readZipMember, readZipMembers, type ZipMember } from './zip.ts';

/** A file whose packing is taken off. */
export interface OpenedFile {
  readonly format: Format;
  /** What `format.read` reads. */
  readonly source: ByteSource;
  readonly packing: 'none' | 'gzip' | 'zip';
}

export interface OpenOptions {
  /** Default: what the name or, where that is silent, the content shows. */
  readonly format?: FormatName;
  /** Of unpacked bytes. Default 16 GiB. */
  readonly maxBytes?: number;
}

const defaultMaxBytes = 16 * 1024 ** 3;
const maxRatio = 250;
const startBytes = 4_096;

/**
 * Finds out what a file is, by its name and by how it begins, and takes off its gzip or zip.
 *
 * The content wins where it is beyond doubt: what begins as gzip is unpacked whatever its name. A name that the content
 * contradicts is an error: half of the files that are the wrong ones altogether show it here.
 *
 * @throws AdpError DATA_ERROR (`park`) for what is no file of ours; an error of `source` itself passes through unchanged
 */
export async function openFile(fileName: string, source: ByteSource, options: OpenOptions = {}): Promise<OpenedFile> {
  const outer = await startOf(source);
  try {
    return await unpack(fileName, outer, options);
  } catch (error) {
    await outer.close();
    throw error;
  }
}

async function unpack(fileName: string, outer: Started, options: OpenOptions): Promise<OpenedFile> {
  const limits = { maxBytes: options.maxBytes ?? defaultMaxBytes, maxRatio };
  if (outer.start[0] === 0x1f && outer.start[1] === 0x8b) {
    const inner = await startOf(gunzip(toStream(outer.source), limits));
    return { ...recognize(fileName.replace(/\.gz$/i, ''), inner, options), packing: 'gzip' };
  }
  if (isZip(outer.start)) {
    return await unpackZip(fileName, await toRandomAccess(outer.source), outer, options);
  }
  const named = /\.(gz|zip)$/i.exec(fileName)?.[1];
  if (named !== undefined) {
    throw damaged(`${fileName} is named .${named}, but its content is not packed so.`);
  }
  return { ...recognize(fileName, outer, options), packing: 'none' };
}

/** What a zip begins with, also an empty or split one: `PK` and a number. A CSV may have a column that is called so. */
function isZip([first, second, third = 0xff]: Uint8Array): boolean {
  return first === 0x50 && second === 0x4b && third < 0x09;
}

/** A workbook is a zip, too: of many members, one of which has a name that says so (ECMA-376, part 2). */
async function unpackZip(
  fileName: string,
  file: RandomAccess,
  outer: Started,
  options: OpenOptions,
): Promise<OpenedFile> {
  const members = await readZipMembers(file);
  const name = fileName.replace(/\.zip$/i, '');
  if (members.some((member) => member.name === '[Content_Types].xml')) {
    return { ...recognize(name, { ...outer, source: file }, options), packing: 'none' };
  }
  const member = onlyMember(members);
  const inner = await startOf(readZipMember(file, member, { maxBytes: options.maxBytes ?? defaultMaxBytes, maxRatio }));
  return { ...recognize(formatByExtension(name) ? name : member.name, inner, options), packing: 'zip' };
}

interface Started {
  readonly start: Uint8Array;
  readonly source: ByteSource;
  close(): Promise<void>;
}

async function startOf(source: ByteSource): Promise<Started> {
  return isRandomAccess(source)
    ? { start: await source.read(0, Math.min(startBytes, source.size)), source, close: async () => {} }
    : await peek(source, startBytes);
}

function recognize(name: string, { start, source }: Started, options: OpenOptions): Omit<OpenedFile, 'packing'> {
  if (start[0] === 0x1f && start[1] === 0x8b) {
    throw damaged(`${name} is packed twice; it is taken packed once.`);
  }
  const named = options.format === undefined ? formatByExtension(name) : formatNamed(options.format);
  const detected = detectFormat(start);
  const format = named ?? detected;
  if (!format) {
    throw damaged(
      `${name} is of no known kind; known are ${knownExtensions().join(', ')}, each also with .gz or .zip.`,
    );
  }
  if (start.byteLength > 0 && named && detected !== named && (named.isBinary || detected?.isBinary)) {
    throw damaged(
      `${name} should be ${named.name}, but ${detected ? `holds ${detected.name}` : `does not begin as ${named.name} does`}.`,
    );
  }
  return { format, source };
}

/** What an archiver of macOS adds for itself is no member. */
function onlyMember(members: readonly ZipMember[]): ZipMember {
  const files = members.filter(({ name }) => !name.startsWith('__MACOSX/'));
  const [member] = files;
  if (!member || files.length > 1) {
    throw damaged(`The zip has ${files.length} members; exactly one is taken.`);
  }
  return member;
}
