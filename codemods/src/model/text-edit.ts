/** Replace `[start, end)` (UTF-16 offsets into the file's text as read, BOM included) by `text`. */
export interface TextEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** Applies edits that do not overlap, in one pass; everything outside them keeps its characters. */
export function applyTextEdits(source: string, edits: readonly TextEdit[]): string {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end)
  let result = ''
  let position = 0
  for (const edit of ordered) {
    if (edit.start < position) {
      throw new RangeError(`text edits overlap at offset ${String(edit.start)}`)
    }
    result += source.slice(position, edit.start) + edit.text
    position = edit.end
  }
  return result + source.slice(position)
}

/** Where an offset of the edited text was before the edits; inside a replaced range, that range's start. */
export function offsetBefore(edits: readonly TextEdit[], offset: number): number {
  let shift = 0
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    const start = edit.start + shift
    if (offset < start) break
    if (offset < start + edit.text.length) return edit.start
    shift += edit.text.length - (edit.end - edit.start)
  }
  return offset - shift
}
