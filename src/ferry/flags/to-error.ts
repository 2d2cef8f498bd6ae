import { types } from 'node:util'

/** What was thrown, as an error. Knows errors of other realms, as `instanceof` does not. */
export function toError(reason: unknown): Error {
  return types.isNativeError(reason) ? reason : new Error(String(reason))
}
