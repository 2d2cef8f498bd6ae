import type { Component } from '../crossing/components'

/** Who served a unit of work, as seen on the connections that its statements went through. `none`: it sent none. */
export type ServedBy = 'legacy' | 'service' | 'both' | 'none'

/** One unit of work that ended. Instants are milliseconds since 1970. */
export interface UnitRecord {
  readonly component: Component
  readonly beganAtMs: number
  readonly tookMs: number
  readonly servedBy: ServedBy
  /** What went wrong; absent when nothing did. */
  readonly error?: string
}

/** What the ferry inside one process of a component says of itself. */
export interface FerryRecord {
  readonly component: Component
  readonly processId: number
  readonly atMs: number
  readonly legacyLeases: number
  readonly serviceLeases: number
  /** Share of units meant for the service, 0 to 1. */
  readonly share: number
}

/** What the server says: connections of the example by side, and how many all running ferries together may open. */
export interface ConnectionRecord {
  readonly atMs: number
  readonly legacy: number
  readonly service: number
  readonly budget: number
}

export const eventKinds = ['wiring', 'tests', 'codemod', 'build', 'restart', 'ramp', 'rollback'] as const
export type EventKind = (typeof eventKinds)[number]

/** Something that was done, from when to when. Without a component it concerns all of them. */
export interface EventRecord {
  readonly kind: EventKind
  readonly component?: Component
  readonly label: string
  readonly fromMs: number
  readonly toMs: number
}
