import type { QueryMessage } from '../core/query-message'

/** By what a failed query is counted: SQLSTATE, else the code of the driver or of Node, else the error's name. */
export function errorTypeOf({ statusCode, error }: QueryMessage): string | undefined {
  if (error === undefined) return undefined
  if (statusCode !== undefined) return statusCode
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : 'error'
}
