import type { Component } from './components'
import type { FerryRecord, UnitRecord } from '../timeline/records'

/** What one stage of a ramp looks like so far. */
export interface GateInput {
  readonly component: Component
  /** Share of units meant for the service since the flip: 0 to 1. */
  readonly share: number
  readonly flippedAtMs: number
  /** Units of the component that began after the flip. */
  readonly units: readonly UnitRecord[]
  /** The ferry's last word on the component; `undefined` before the first. */
  readonly ferry: FerryRecord | undefined
  /** Units to see before going on. */
  readonly leastUnits: number
}

export type GateVerdict =
  | { readonly kind: 'go' }
  | { readonly kind: 'wait'; readonly missing: string }
  | { readonly kind: 'no-go'; readonly reason: string }

/** From here on a flip has reached every process: a watched file takes milliseconds. */
export const flipGraceMs = 1_000

/** Connections that a component keeps for as long as its process lives: the portal listens for uploads. */
const standingLeases: Readonly<Partial<Record<Component, number>>> = { portals: 1 }

/** Whether a component may go on to its next stage. Pure. */
export function decideGate(input: GateInput): GateVerdict {
  const { units, share, leastUnits } = input
  const bad = units.find(({ error, servedBy }) => error !== undefined || servedBy === 'both')
  if (bad !== undefined) {
    return { kind: 'no-go', reason: bad.error ?? 'one unit of work was served by both sides' }
  }
  const stray = strayUnit(input)
  if (stray !== undefined) {
    const lateMs = stray.beganAtMs - input.flippedAtMs
    return {
      kind: 'no-go',
      reason: `a unit began on the ${stray.servedBy} side ${lateMs} ms after the share became ${share}`,
    }
  }
  const settled = units.filter(({ servedBy }) => servedBy !== 'none')
  if (settled.length < leastUnits) return { kind: 'wait', missing: `${leastUnits - settled.length} units` }
  for (const side of ['legacy', 'service'] as const) {
    const isExpected = side === 'service' ? share > 0 : share < 1
    if (isExpected && !settled.some(({ servedBy }) => servedBy === side)) {
      return { kind: 'wait', missing: `a unit on the ${side} side` }
    }
  }
  return decideLeases(input)
}

/** A unit that began on a side that had been closed to it for longer than a flip takes. */
function strayUnit({ units, share, flippedAtMs }: GateInput): UnitRecord | undefined {
  const closed = share === 0 ? 'service' : share === 1 ? 'legacy' : undefined
  return units.find(({ servedBy, beganAtMs }) => servedBy === closed && beganAtMs > flippedAtMs + flipGraceMs)
}

/** The side that serves nobody any more has got everything back. */
function decideLeases({ component, share, ferry, flippedAtMs }: GateInput): GateVerdict {
  if (ferry === undefined || ferry.atMs < flippedAtMs) return { kind: 'wait', missing: 'a word of the ferry' }
  const standing = standingLeases[component] ?? 0
  if (share === 1 && ferry.legacyLeases > standing)
    return { kind: 'wait', missing: 'leases of the legacy side' }
  if (share === 0 && ferry.serviceLeases > 0) return { kind: 'wait', missing: 'leases of the service side' }
  return { kind: 'go' }
}

/** Milliseconds from a flip to the last unit that still began on the service side; 0 when none did. Pure. */
export function lastServiceUnitMs(units: readonly UnitRecord[], flippedAtMs: number): number {
  return units
    .filter(({ servedBy, beganAtMs }) => servedBy === 'service' && beganAtMs > flippedAtMs)
    .reduce((last, { beganAtMs }) => Math.max(last, beganAtMs - flippedAtMs), 0)
}
