import type { Random } from '../../core/random'
import type { DropInOptions } from './drop-in-options'
import type { CleanContext } from './give-back'
import type { OpenDeps } from './open-entry'

export interface OwnLenderDeps extends CleanContext, OpenDeps {
  readonly random: Random
  /** The pool's own options object, which its user may change at any time. */
  readonly options: DropInOptions
}
