export const targetStyles = ['await-using', 'callback', 'acquire-release'] as const
export type TargetStyle = (typeof targetStyles)[number]

/** Where a package's rewritten call sites find the service, and in which style they are written. */
export interface RewriteTarget {
  readonly style: TargetStyle
  /** First argument of the new call, such as `'rag'`. */
  readonly purpose: string
  readonly connections: ConnectionsReference
  /** Rewrite sites that leak too (`--fix-leaks`): what they do on the leaking path changes, and a label says so. */
  readonly fixLeaks?: boolean
  /** Turn a lease for one statement into `connections.query()` (`--one-shot`). */
  readonly oneShot?: boolean
  /** Turn BEGIN, COMMIT and ROLLBACK around a lease into `withTransaction` (`--transactions`). */
  readonly transactions?: boolean
}

/** What a rewrite may do beyond keeping the behaviour as it is. */
export type RewriteFeatures = Pick<RewriteTarget, 'fixLeaks' | 'oneShot' | 'transactions'>

/**
 * How a call site reaches the service: the way the package passes things today, named by configuration, never invented.
 * `import`: `import { name } from 'from'`; a `from` that starts with `./` is relative to the package folder and is made
 * relative to each file. `expression`: anything in scope at each site, such as `this.connections`. `preferred`: expressions that go
 * first, in order, at sites that know them.
 */
export type ConnectionsReference =
  | {
      readonly kind: 'import'
      readonly name: string
      readonly from: string
      readonly preferred?: readonly string[]
    }
  | { readonly kind: 'expression'; readonly expression: string; readonly preferred?: readonly string[] }
