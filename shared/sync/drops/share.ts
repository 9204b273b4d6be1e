/** A file in a share: a dealer's folder on a server, synchronized or mounted. */
export interface SharedFile {
  /** `{dealerId}/…/{file}`. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAt: Date;
  /** Changes whenever the content does: size and time, or the service's ETag. */
  readonly mark: string;
}

/** A share, which is only ever read. Errors are `NETWORK_ERROR` (retry). */
export interface Share {
  /** @param onFailure takes what can't be looked at below the share's root, which is left out: the rest goes on */
  list(onFailure: (path: string, error: unknown) => void): AsyncIterable<SharedFile>;
  /** From the start. @throws AdpError `CONFLICT` (retry) where the file is gone or has changed since it was listed */
  read(file: SharedFile): AsyncIterable<Uint8Array>;
}

/** What a scan found, for the next one. */
export interface SeenFile {
  readonly path: string;
  readonly mark: string;
  /** Since when it looks so, as far as scans know: milliseconds since 1970. */
  readonly since: number;
  /** True once it lies in `drops`. */
  readonly isCopied: boolean;
}

/** What the last scan found. */
export interface SeenStore {
  all(): AsyncIterable<SeenFile>;
  save(file: SeenFile): Promise<void>;
  forget(path: string): Promise<void>;
}
