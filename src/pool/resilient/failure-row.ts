/**
 * What a failure means for the work that met it. `not-executed`: nothing reached the server, trying again is safe; `wrong-node`: the
 * host refuses what only the other role does; `retry-transaction`: the transaction is undone, run it again from its start; `permanent`:
 * the same will happen again until somebody changes something; `outcome-unknown`: it may or may not have taken effect, never to be
 * repeated silently; `caller`: an answer to the caller, who decides.
 */
export type FailureClass =
  'not-executed' | 'wrong-node' | 'retry-transaction' | 'permanent' | 'outcome-unknown' | 'caller'

/**
 * What the pool does about it besides. `shrink`: open fewer connections for a while; `refresh-credentials`: ask for user and
 * password again, once; `recheck-role`: ask the host whether it is a primary or a standby.
 */
export type FailureAction = 'none' | 'shrink' | 'refresh-credentials' | 'recheck-role'

/** What the connection was doing. `idle`: no statement was out, whoever had it; `commit`: COMMIT was sent and not answered. */
export type FailurePhase = 'connect' | 'idle' | 'statement' | 'commit'

export interface FailureContext {
  readonly phase: FailurePhase
  /** SQLSTATE of the last words of the server when they came as a notice, as an immediate shutdown sends them. */
  readonly notice?: string
  /** A transaction was open that no COMMIT had been sent for: with the connection it is undone, so nothing is unknown. */
  readonly isInTransaction?: boolean
  /** The session was made read-only at the borrower's wish; a refused write is then the borrower's own. */
  readonly isReadOnly?: boolean
}

export interface FailureVerdict {
  readonly failureClass: FailureClass
  /** The connection is gone, or nobody can say what it would answer next. */
  readonly losesConnection: boolean
  /** The failure speaks against the health of the host. */
  readonly countsForBreaker: boolean
  readonly action: FailureAction
}

/**
 * How a row finds its class. A {@link FailureClass} is itself, and the others depend on what the connection was doing:
 * - `lost`: the connection broke. Unknown for COMMIT and for a statement of its own, undone inside a transaction;
 * - `ended`: the server said that it ends the session. It says so only where it has committed nothing of the statement at work, so
 *   the statement is undone, and only COMMIT is doubted;
 * - `not-sent`: the driver refused before sending; an open transaction is undone all the same;
 * - `unrecognised`: unknown as soon as anything was sent;
 * - `by-cause`: a wrapper of ours around a failed connect, so what the cause says.
 */
export type ClassRule = FailureClass | 'lost' | 'ended' | 'not-sent' | 'unrecognised' | 'by-cause'

/** One kind of failure: how it is recognised, what it means, and an error that shows it. */
export interface FailureRow {
  readonly id: string
  /** SQLSTATEs, codes of Node or our own; {@link codeless} for an error without one. Every code when left out. */
  readonly codes?: readonly string[] | RegExp
  readonly message?: RegExp
  /** `fatal`: the server said that it ends the session; `not-error`: it did not say that the session goes on. */
  readonly severity?: 'fatal' | 'not-error'
  readonly phases?: readonly FailurePhase[]
  /** Only for what the server itself reports. */
  readonly isFromServer?: true
  /** Not when the borrower asked for a read-only session. */
  readonly isUnlessReadOnly?: true
  readonly failureClass: ClassRule
  /** Default false. While connecting there is never a connection left. */
  readonly losesConnection?: true
  /** Default false. */
  readonly countsForBreaker?: true
  /** Default `none`. */
  readonly action?: FailureAction
  /** What a user sees. */
  readonly example: FailureExample
  /** What a user should know. */
  readonly meaning: string
}

export interface FailureExample {
  readonly code?: string
  readonly message: string
  readonly severity?: 'ERROR' | 'FATAL' | 'PANIC'
  readonly phase: FailurePhase
}

/** Matches errors that have no code: most of those that the driver makes itself. */
export const codeless: readonly string[] = ['']
