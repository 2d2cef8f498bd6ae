export const targetStyles = ['await-using', 'callback', 'acquire-release'] as const
export type TargetStyle = (typeof targetStyles)[number]

/** Where a package's rewritten call sites find the service, and in which style they are written. */
export interface RewriteTarget {
  readonly style: TargetStyle
  /** First argument of the new call, such as `'rag'`. */
  readonly purpose: string
  readonly connections: ConnectionsReference
}

/**
 * How a call site reaches the service: the way the package passes things today, named by configuration, never invented.
 * `import`: `import { name } from 'from'`; a `from` that starts with `./` is relative to the package folder and is made
 * relative to each file. `expression`: anything in scope at each site, such as `this.connections`.
 */
export type ConnectionsReference =
  | { readonly kind: 'import'; readonly name: string; readonly from: string }
  | { readonly kind: 'expression'; readonly expression: string }
