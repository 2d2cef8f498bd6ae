import type { FerryRecord, UnitRecord } from '../../../examples/demo/timeline/records'

export function unit(changes: Partial<UnitRecord> = {}): UnitRecord {
  return { component: 'portals', beganAtMs: 1000, tookMs: 10, servedBy: 'legacy', ...changes }
}

export function units(count: number, changes: Partial<UnitRecord> = {}): readonly UnitRecord[] {
  return Array.from({ length: count }, (_, index) => unit({ beganAtMs: 1001 + index, ...changes }))
}

export function ferry(changes: Partial<FerryRecord> = {}): FerryRecord {
  return {
    component: 'core',
    processId: 1,
    atMs: 5000,
    legacyLeases: 0,
    serviceLeases: 0,
    share: 0,
    ...changes,
  }
}
