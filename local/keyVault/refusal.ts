/** What the service answers instead of doing what it was asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;
  /** The finer reason, where Azure gives one: `SecretDisabled`. */
  readonly innerCode: string | undefined;

  constructor(status: number, code: string, message: string, innerCode?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.innerCode = innerCode;
  }
}

export function badParameter(message: string): Refusal {
  return new Refusal(400, 'BadParameter', message);
}

export function notFound(id: string): Refusal {
  const message = `A secret with (name/id) ${id} was not found in this key vault.`;
  return new Refusal(404, 'SecretNotFound', message);
}

/** For what Azure can do and this server can't: loud, so that nobody relies on it by accident. */
export function unsupported(what: string): Refusal {
  return new Refusal(501, 'NotImplemented', `Not supported by the local Key Vault: ${what}`);
}
