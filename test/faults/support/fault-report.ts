import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What one fault did to a pool. Durations in ms. */
export interface FaultRow {
  readonly fault: string
  /** From the end of the fault to the first answer; absent where nothing was to come back. */
  readonly recoveryMs?: number
  readonly opened: number
  /** Attempts to connect that failed, and connections that broke. */
  readonly failed: number
  /** Callers who were told that there was no connection. */
  readonly refused: number
  /** Connections at most, in whatever state, at any moment looked at. */
  readonly mostAtOnce: number
  readonly max: number
}

const rows: FaultRow[] = []

export function recordFault(row: FaultRow): void {
  rows.push(row)
}

/**
 * Prints what the faults of this file did, when all are through; `PGFERRY_FAULT_REPORT` names a directory that gets the same as
 * `<suite>.json`.
 */
export function useFaultReport(suite: string): void {
  afterAll(() => {
    process.stdout.write(`${render(suite)}\n`)
    const directory = process.env['PGFERRY_FAULT_REPORT']
    if (directory === undefined || directory === '') return
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `${suite}.json`), `${JSON.stringify(rows, undefined, 2)}\n`)
  })
}

function render(suite: string): string {
  const width = Math.max(...rows.map(({ fault }) => fault.length), 5)
  const lines = rows.map(({ fault, recoveryMs, opened, failed, refused, mostAtOnce, max }) => {
    const recovery = recoveryMs === undefined ? '-' : recoveryMs.toFixed(0)
    return `  ${fault.padEnd(width)}  ${recovery.padStart(7)} ${String(opened).padStart(6)} ${String(failed).padStart(6)} ${String(refused).padStart(7)}  ${mostAtOnce}/${max}`
  })
  const head = `  ${'fault'.padEnd(width)}  back ms opened failed refused  most/max`
  return [`faults: ${suite}`, head, ...lines].join('\n')
}
