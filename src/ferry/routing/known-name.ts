import { InvalidOptionError } from '../../core/errors'
import { nearestName } from '../../core/options'

/**
 * Refuses a name that is not among `known`, with the nearest one that is.
 *
 * @throws InvalidOptionError
 */
export function requireKnownName(
  option: string,
  what: string,
  name: unknown,
  known: readonly string[],
): void {
  if (typeof name === 'string' && known.includes(name)) return
  throw unknownNameError(option, what, name, known)
}

/** What {@link requireKnownName} throws. */
export function unknownNameError(
  option: string,
  what: string,
  name: unknown,
  known: readonly string[],
): InvalidOptionError {
  const nearest = typeof name === 'string' ? nearestName(name, known) : undefined
  const hint = nearest === undefined ? '' : ` (did you mean '${nearest}'?)`
  return new InvalidOptionError(option, name, `a known ${what}${hint}; known: ${known.join(', ')}`)
}
