import type { FerryStatus } from 'pgferry/legacy'
import type { Component } from '../crossing/components'

/** What the demo wants of a ferry's status: leases of one component, and the share of its new units. */
export interface FerryFigures {
  readonly legacyLeases: number
  readonly serviceLeases: number
  readonly share: number
}

/** @throws Error when the ferry does not know the component */
export function figuresOf(status: FerryStatus, component: Component): FerryFigures {
  const found = status.components.find(({ name }) => name === component)
  if (found === undefined) throw new Error(`the ferry knows no component '${component}'`)
  return { legacyLeases: found.leases.legacy, serviceLeases: found.leases.service, share: found.share }
}
