import type { Side, Stage } from '../catalog/side'
import type { FlagSnapshot, FlagSource } from '../flags/flag-source'
import { compileRule, type ComponentRule } from './decide-side'
import { bucketCount } from './unit-bucket'

/** What the table must know of a component. */
export interface ComponentStage {
  readonly name: string
  readonly stage: Stage
}

/**
 * The answer of all components, compiled once per change of flags or kill switches. An acquire reads one array; it calls
 * no flag client, waits for nothing, looks up no name.
 */
export class SideTable {
  readonly #components: readonly ComponentStage[]
  readonly #flags: FlagSource
  readonly #stop: () => void
  /** Reasons by scope; the scope of all components is `undefined`. Each scope is its own switch. */
  readonly #forces = new Map<string | undefined, Set<string>>()
  #rules: readonly ComponentRule[] = []
  #snapshot: Pick<FlagSnapshot, 'shares' | 'enabled'> = { shares: {}, enabled: undefined }
  #generation = 0

  constructor(components: readonly ComponentStage[], flags: FlagSource) {
    this.#components = components
    this.#flags = flags
    this.#compile()
    this.#stop = flags.onChange(() => {
      this.#compile()
    })
  }

  /** Counts up with each change of flags or kill switches. */
  get generation(): number {
    return this.#generation
  }

  sideOf(index: number, bucket: number): Side {
    const rule = this.#rules[index]
    return rule !== undefined && bucket < rule.threshold ? 'service' : 'legacy'
  }

  /** The side of every unit of a component, whatever its bucket; `undefined` when they differ. */
  sideOfAll(index: number): Side | undefined {
    const threshold = this.#rules[index]?.threshold ?? 0
    return threshold <= 0 ? 'legacy' : threshold >= bucketCount ? 'service' : undefined
  }

  ruleOf(index: number): ComponentRule {
    return this.#rules[index] ?? { threshold: 0, reason: 'flag-lost' }
  }

  /** Sends new units to the legacy side. Adding a reason twice, or in another order, changes nothing. */
  force(reason: string, component: string | undefined): void {
    const reasons = this.#forces.get(component) ?? new Set()
    this.#forces.set(component, reasons.add(reason))
    this.#compile()
  }

  /** Takes back all reasons of one scope; those of other scopes hold. */
  release(component: string | undefined): void {
    this.#forces.delete(component)
    this.#compile()
  }

  /** Why a component is forced to the legacy side; empty when it is not. */
  forcedReasons(component: string): readonly string[] {
    return [
      ...new Set([...(this.#forces.get(undefined) ?? []), ...(this.#forces.get(component) ?? [])]),
    ].sort()
  }

  close(): void {
    this.#stop()
  }

  /** What a source that fails said last holds on: above all, a kill switch must not fail with it. */
  #readFlags(): Pick<FlagSnapshot, 'shares' | 'enabled'> {
    try {
      const { shares, enabled } = this.#flags.snapshot()
      this.#snapshot = { shares: Object(shares) as FlagSnapshot['shares'], enabled }
    } catch (error) {
      process.emitWarning(`the flag source '${this.#flags.kind}' failed: ${String(error)}`, 'PgferryWarning')
    }
    return this.#snapshot
  }

  #compile(): void {
    const { shares, enabled } = this.#readFlags()
    this.#rules = Object.freeze(
      this.#components.map(({ name, stage }) =>
        Object.freeze(
          compileRule({
            stage,
            share: Object.hasOwn(shares, name) ? shares[name] : undefined,
            enabled,
            isForced: this.#forces.has(undefined) || this.#forces.has(name),
          }),
        ),
      ),
    )
    this.#generation += 1
  }
}
