import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Azure Files as far as the hub reads it: directories are listed, files are read. Whatever would change the share is
 * refused and remembered. https://learn.microsoft.com/rest/api/storageservices/file-service-rest-api
 */
export interface FilesService {
  readonly connectionString: string;
  /** Files by path; each change gives a new ETag. */
  put(path: string, content: string | Uint8Array, modifiedAt?: Date): void;
  remove(path: string): void;
  /** Requests that would have changed the share. */
  readonly refused: readonly string[];
  /** Requests that have no whole answer yet. */
  readonly underWay: () => number;
  /** Answers the next requests with that status. */
  fail(status: number, times: number): void;
  close(): Promise<void>;
}

interface File {
  readonly content: Buffer;
  readonly etag: string;
  readonly modifiedAt: Date;
}

const entriesAPage = 2;

export async function startFilesService(share: string): Promise<FilesService> {
  const files = new Map<string, File>();
  const refused: string[] = [];
  let etags = 0;
  let underWay = 0;
  let failing = { status: 0, times: 0 };

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    underWay++;
    response.once('close', () => void underWay--);
    const url = new URL(request.url ?? '', 'http://x');
    const [, , at, ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const path = rest.filter((part) => part !== '').join('/');
    if (failing.times > 0) {
      failing = { ...failing, times: failing.times - 1 };
      response.writeHead(failing.status).end();
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      refused.push(`${request.method} ${path}`);
      response.writeHead(405).end();
    } else if (at !== share || !/^SharedKey /.test(request.headers.authorization ?? '')) {
      response.writeHead(at === share ? 403 : 404).end();
    } else if (url.searchParams.get('comp') === 'list') {
      const page = listPage(files, path, url.searchParams.get('marker') ?? '');
      response.writeHead(200, { 'content-type': 'application/xml' }).end(page);
    } else {
      answerFile(files.get(path), request, response);
    }
  };

  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    connectionString: `DefaultEndpointsProtocol=http;AccountName=dev;AccountKey=${Buffer.from('key').toString('base64')};FileEndpoint=http://127.0.0.1:${port}/dev`,
    put(path, content, modifiedAt = new Date()) {
      files.set(path, { content: Buffer.from(content), etag: `"0x${++etags}"`, modifiedAt });
    },
    remove: (path) => void files.delete(path),
    refused,
    underWay: () => underWay,
    fail(status, times) {
      failing = { status, times };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerFile(file: File | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (file === undefined) {
    response.writeHead(404, { 'x-ms-error-code': 'ResourceNotFound' }).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(String(request.headers['x-ms-range'] ?? request.headers.range ?? ''));
  const [from, to] = [Number(range?.[1] ?? 0), range?.[2] ? Number(range[2]) + 1 : file.content.length];
  const part = file.content.subarray(from, to);
  response.writeHead(range === null ? 200 : 206, {
    etag: file.etag,
    'last-modified': file.modifiedAt.toUTCString(),
    'content-length': part.length,
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${from + part.length - 1}/${file.content.length}` }),
    'x-ms-type': 'File',
  });
  response.end(request.method === 'HEAD' ? undefined : part);
}

function listPage(files: ReadonlyMap<string, File>, folder: string, marker: string): string {
  const prefix = folder === '' ? '' : `${folder}/`;
  const entries = new Map<string, string>();
  for (const [path, file] of files) {
    if (!path.startsWith(prefix)) continue;
    const [name = '', ...deeper] = path.slice(prefix.length).split('/');
    entries.set(name, deeper.length > 0 ? `<Directory><Name>${name}</Name></Directory>` : fileEntry(name, file));
  }
  const names = [...entries.keys()].sort().filter((name) => name >= marker);
  const next = names[entriesAPage] ?? '';
  const page = names.slice(0, entriesAPage).map((name) => entries.get(name));
  return `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="x" ShareName="x" DirectoryPath="${folder}"><Entries>${page.join('')}</Entries><NextMarker>${next}</NextMarker></EnumerationResults>`;
}

function fileEntry(name: string, { content, etag, modifiedAt }: File): string {
  const properties = [
    `<Content-Length>${content.length}</Content-Length>`,
    `<LastWriteTime>${modifiedAt.toISOString()}</LastWriteTime>`,
    `<Last-Modified>${modifiedAt.toUTCString()}</Last-Modified>`,
    `<Etag>${etag.replaceAll('"', '&quot;')}</Etag>`,
  ];
  return `<File><Name>${name}</Name><Properties>${properties.join('')}</Properties></File>`;
}
