/** The right to do something that nobody else may do meanwhile, in any instance. */
export interface Lease {
  /** Lets the next one in at once. */
  release(): Promise<void>;
}

/** - `taken`: by another one, for at most so long */
export type Leasing =
  | { readonly kind: 'ours'; readonly lease: Lease }
  | { readonly kind: 'taken'; readonly forMs: number };

export interface Leases {
  /**
   * Takes the lease of that name for so long, unless another instance has it; it isn't prolonged. Who has it already and
   * didn't release it gets it again, with a new end.
   * @throws AdpError NETWORK_ERROR (retry)
   */
  take(name: string, forMs: number): Promise<Leasing>;
}
