import { DbConnectionError } from './errors'

/** What may be told of a failed statement: the server's own words repeat values and pieces of the text. */
export interface SafeErrorFields {
  /** SQLSTATE of the server, or the code of the driver or of Node. */
  readonly code?: string
  readonly severity?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly constraint?: string
}

/** From the first quote to the last, whatever language the server speaks: a quoted value may have quotes in it. */
const quoted = /["'`«»„“”「][^]*["'`«»“”」]/
const safeFields = ['code', 'severity', 'schema', 'table', 'column', 'constraint'] as const

/**
 * A copy of a statement's error that can be published: what the message quotes is replaced by `?`, detail, hint, position and
 * query text are left out. Errors of pgferry itself have no values in them and stay as they are.
 */
export function toSafeError(error: unknown): Error & SafeErrorFields {
  if (error instanceof DbConnectionError) return error
  if (!(error instanceof Error)) return new Error('the statement failed with something that is no Error')
  const safe = new Error(error.message.replace(quoted, '?').replace(/\d+/g, '?'))
  safe.name = error.name
  delete safe.stack
  for (const field of safeFields) {
    const value = (error as SafeErrorFields)[field]
    if (typeof value === 'string') Object.assign(safe, { [field]: value })
  }
  return safe
}

/** The five characters by which SQL names an outcome, when the error comes from the server. */
export function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}
