/** Marks up terminal text; {@link plainPaint} leaves it as it is. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  yellow(text: string): string
  green(text: string): string
}

const same = (text: string): string => text

export const plainPaint: Paint = { bold: same, dim: same, red: same, yellow: same, green: same }
