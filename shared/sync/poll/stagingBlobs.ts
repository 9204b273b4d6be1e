/** The container `staging`: blobs that are put together block by block. Errors are `NETWORK_ERROR` (retry). */
export interface StagingBlobs {
  /** Puts a block aside; nobody sees it before `commit`. Of one blob, ids are of one length, in base64. */
  stage(name: string, blockId: string, content: Buffer): Promise<void>;
  /** Makes the blob of these blocks, in this order. Twice is harmless. @throws AdpError `CONFLICT` where one is gone */
  commit(name: string, blockIds: readonly string[]): Promise<void>;
  /** Undefined where there is none. */
  open(name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Removing what isn't there is no error. */
  remove(name: string): Promise<void>;
}
