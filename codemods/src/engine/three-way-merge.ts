import { diffArrays } from 'diff'

/** The merged text, or the first lines (of the base, from 1) that both sides changed in different ways. */
export type MergeResult =
  | { readonly kind: 'merged'; readonly text: string }
  | { readonly kind: 'conflict'; readonly firstLine: number; readonly lastLine: number }

/** Lines `[start, end)` of the base replaced by `lines`. */
interface Hunk {
  readonly start: number
  readonly end: number
  readonly lines: readonly string[]
}

/**
 * Merges two descendants of `base` line by line. Changes that touch the same or neighbouring lines are a conflict unless
 * they are equal: the merge never guesses.
 */
export function mergeThreeWay(base: string, left: string, right: string): MergeResult {
  const baseLines = splitLines(base)
  const leftHunks = hunksOf(baseLines, splitLines(left))
  const rightHunks = hunksOf(baseLines, splitLines(right))
  const added = rightHunks.filter((hunk) => !leftHunks.some((other) => isSame(hunk, other)))
  for (const hunk of added) {
    const other = leftHunks.find((candidate) => candidate.start <= hunk.end && hunk.start <= candidate.end)
    if (other === undefined) continue
    const start = Math.min(hunk.start, other.start)
    return { kind: 'conflict', firstLine: start + 1, lastLine: Math.max(hunk.end, other.end, start + 1) }
  }
  return { kind: 'merged', text: applyHunks(baseLines, [...leftHunks, ...added]) }
}

/** Lines with their endings, so that joining them gives back every character. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function hunksOf(base: string[], changed: string[]): Hunk[] {
  const hunks: Hunk[] = []
  let position = 0
  let open: { start: number; end: number; lines: string[] } | undefined
  for (const part of diffArrays(base, changed)) {
    if (!part.added && !part.removed) {
      if (open !== undefined) hunks.push(open)
      open = undefined
      position += part.value.length
      continue
    }
    open ??= { start: position, end: position, lines: [] }
    if (part.added) open.lines.push(...part.value)
    else position = open.end = position + part.value.length
  }
  if (open !== undefined) hunks.push(open)
  return hunks
}

function isSame(left: Hunk, right: Hunk): boolean {
  return left.start === right.start && left.end === right.end && left.lines.join('') === right.lines.join('')
}

function applyHunks(base: readonly string[], hunks: readonly Hunk[]): string {
  const result: string[] = []
  let position = 0
  for (const hunk of [...hunks].sort((a, b) => a.start - b.start)) {
    result.push(...base.slice(position, hunk.start), ...hunk.lines)
    position = hunk.end
  }
  return [...result, ...base.slice(position)].join('')
}
