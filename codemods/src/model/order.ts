interface Placed {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** In the order of files by code units, then of places: the same on every machine, however the places were found. */
export function inOrder<T extends Placed>(places: readonly T[]): T[] {
  return [...places].sort((a, b) => byCodeUnits(a.file, b.file) || a.line - b.line || a.column - b.column)
}

function byCodeUnits(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
