import type { Component } from '../crossing/components'
import type { Timeline } from '../timeline/timeline'

/** Call sites of one package by verdict. */
export interface VerdictCounts {
  readonly rewritable: number
  readonly manual: number
  readonly leak: number
  readonly already: number
}

export interface PackageInventory {
  readonly name: string
  readonly files: number
  readonly verdicts: VerdictCounts
  /** Call sites by shape. */
  readonly shapes: Readonly<Record<string, number>>
}

export interface Inventory {
  readonly packages: readonly PackageInventory[]
}

/** One stage of a ramp, as it was left. */
export interface RampResult {
  readonly share: number
  readonly units: number
  readonly serviceUnits: number
}

/** A rehearsed way back under load. */
export interface RollbackResult {
  readonly how: 'flag' | 'force'
  /** From the flip to the last unit that still began on the service side, in ms; 0 when none did. */
  readonly lastServiceUnitMs: number
  /** Units that began on the legacy side while it lasted. */
  readonly unitsOnLegacy: number
}

/** How one component crossed. */
export interface CrossingResult {
  readonly component: Component
  readonly rewritten: number
  readonly left: number
  readonly ramps: readonly RampResult[]
  readonly rollbacks: readonly RollbackResult[]
  readonly tookMs: number
}

/** The example's own tests at one moment. */
export interface TestResult {
  readonly when: 'before' | 'between' | 'after'
  readonly passed: number
  readonly failed: number
  readonly tookMs: number
}

/** What the codemods found in the sources of somebody else's package. */
export interface CorpusResult {
  readonly name: string
  readonly source: string
  readonly inventory: PackageInventory
  /** The most frequent reasons for sites that are left alone. */
  readonly reasons: Readonly<Record<string, number>>
  readonly filesChanged: number
  /** The first lines of the diff of the dry run. */
  readonly diffLines: readonly string[]
  readonly tookMs: number
}

/** One thing that must hold at the end. */
export interface Check {
  readonly name: string
  readonly isMet: boolean
  readonly detail: string
}

export interface PhaseOneResult {
  readonly errorBefore: string
  readonly documentsAfter: number
}

/** Everything that the summary and the report show. */
export interface DemoResult {
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly versions: Readonly<Record<string, string>>
  readonly before: Inventory
  readonly after: Inventory
  readonly phaseOne: PhaseOneResult
  readonly revertedFiles: number
  readonly tests: readonly TestResult[]
  readonly crossings: readonly CrossingResult[]
  readonly corpora: readonly CorpusResult[]
  readonly checks: readonly Check[]
  readonly timeline: Pick<Timeline, 'units' | 'ferries' | 'connections' | 'events'>
}
