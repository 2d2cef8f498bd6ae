import { isOwnReceiver } from '../syntax/syntax'
import type { AcquireCall } from './acquire-call'

/**
 * Inside the class that offers the API: its implementation, not its user. A class that uses its own `getClient()` is a user of the pool;
 * of a function that does more than take the connection, that is said.
 */
export function isOwnApi({ receiver, via }: AcquireCall): boolean {
  return isOwnReceiver(receiver) && (via === undefined || (via.isApi === true && via.isPlain))
}
