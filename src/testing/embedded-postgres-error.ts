/** What went wrong with a test server, as a word to test for. */
export type EmbeddedPostgresErrorCode =
  | 'POSTGRES_NOT_FOUND'
  | 'POSTGRES_VERSION_UNAVAILABLE'
  | 'POSTGRES_UNUSABLE'
  | 'POSTGRES_START_FAILED'
  | 'POSTGRES_PORT_IN_USE'
  | 'POSTGRES_STOPPED'

/** A test server could not be found, started or used; the message says what to do and ends with the server's last words. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError'

  constructor(
    readonly code: EmbeddedPostgresErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** The `code` of a system error (`ENOENT`, `EACCES`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
