/** Marks up terminal text; {@link plainPaint} leaves it as it is. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
  readonly green: (text: string) => string
}

const same = (text: string): string => text

export const plainPaint: Paint = { bold: same, dim: same, red: same, yellow: same, green: same }
