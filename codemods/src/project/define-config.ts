import type { Dialect, ReleaseRule, ReleasingFunction } from '../model/dialect'
import type { TargetStyle } from '../model/target'

/**
 * How far a package is: `migrated` makes `pgferry check` refuse legacy call sites in it, `complete` flag checks as well, which
 * `pgferry cleanup` removes.
 */
export type PackageStage = 'legacy' | 'migrated' | 'complete'

/** How call sites of a package reach the connection service. */
export type ConnectionsConfig = ConnectionsPlace | readonly ConnectionsPlace[]

/** One way in which call sites reach it. In a list of them, each call site has the first that it knows; an import, which all know, is the last. */
export type ConnectionsPlace =
  /** `import { <import> } from '<from>'`; a `from` that starts with `./` is relative to the package folder. */
  | { readonly import: string; readonly from: string }
  /** Anything that is in scope at each call site, such as `this.connections`. */
  | { readonly expression: string }

export interface PackageConfig {
  /** What the package is called on the command line and in reports. */
  readonly name: string
  /** Folder, relative to the configuration file. */
  readonly path: string
  /** Name of the flag component; default: `name`. */
  readonly component?: string
  /** First argument of the new calls; default `general`, which every service knows. */
  readonly purpose?: string
  /** Default `legacy`. */
  readonly stage?: PackageStage
  /** Needed by `migrate`, not by `scan` and `check`. */
  readonly connections?: ConnectionsConfig
  /** Default `await-using`. */
  readonly style?: TargetStyle
  /** Glob patterns relative to the package folder; default: every TypeScript and JavaScript file. */
  readonly include?: readonly string[]
  /** Glob patterns left out, added to the built-in ones (node_modules, dist, generated code, tests, declarations). */
  readonly exclude?: readonly string[]
}

/** What `pgferry cleanup` takes for granted once the crossing is over. */
export interface CleanupConfig {
  /** Flag checks and the value that they have from now on; default: {@link defaultFlagRules}. */
  readonly flags?: readonly FlagRule[]
  /** Files that nothing imports and that are run all the same; glob patterns relative to the configuration file. */
  readonly entries?: readonly string[]
}

/** One kind of flag check. A `*` in a pattern stands for any text. */
export type FlagRule =
  /** `isEnabled('pgferry.portals')`, `flags.isEnabled(…)`: a function or method by name and its first argument. */
  | { readonly call: string; readonly argument: string; readonly value: boolean }
  /** `process.env.USE_NEW_CONNECTION_SERVICE`. */
  | { readonly env: string; readonly value: boolean }
  /** An expression, written as in the code: `config.flags.newPool`. */
  | { readonly expression: string; readonly value: boolean }

/** The flags that the ferry itself knows. */
export const defaultFlagRules: readonly FlagRule[] = [
  { call: 'isEnabled', argument: 'pgferry.*', value: true },
  { env: 'USE_NEW_CONNECTION_SERVICE', value: true },
  { env: 'USE_NEW_CONNECTION_SERVICE_*', value: true },
]

/**
 * A dialect of the team's own; lists it has no use for may be left out. Functions of a module that release what they are given
 * (`on: 'function'`) count for the connections of every dialect, and a dialect of such rules alone needs no receiver.
 */
export type DialectConfig = Pick<Dialect, 'id'> &
  Partial<Pick<Dialect, 'receiver' | 'acquire' | 'scoped' | 'handle' | 'evidence'>> & {
    readonly release?: readonly (ReleaseRule | ({ readonly on: 'function' } & ReleasingFunction))[]
  }

export interface PgferryConfig {
  readonly packages: readonly PackageConfig[]
  /** Ids of built-in dialects and dialects of your own; default: all built-in ones. */
  readonly dialects?: readonly (string | DialectConfig)[]
  readonly cleanup?: CleanupConfig
}

/**
 * Types the object that `pgferry.config.ts` exports; returns it unchanged.
 *
 * @example
 * export default defineConfig({ packages: [{ name: 'portals', path: 'packages/portals' }] })
 */
export function defineConfig(config: PgferryConfig): PgferryConfig {
  return config
}
