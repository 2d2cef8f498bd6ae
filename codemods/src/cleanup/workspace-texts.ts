import { applyTextEdits, offsetBefore, type TextEdit } from '../model/text-edit'
import type { FileEdit } from './step'

/** The files of one clean-up: as they were, as they are after the steps so far, and how an offset gets from one to the other. */
export class WorkspaceTexts {
  readonly #original: ReadonlyMap<string, string>
  readonly #current: Map<string, string>
  readonly #history = new Map<string, (readonly TextEdit[])[]>()

  /** Absolute path to text. */
  constructor(original: ReadonlyMap<string, string>) {
    this.#original = original
    this.#current = new Map(original)
  }

  /** Files that are still there. */
  paths(): readonly string[] {
    return [...this.#current.keys()]
  }

  /** Undefined: deleted, or never one of ours. */
  text(path: string): string | undefined {
    return this.#current.get(path)
  }

  originalText(path: string): string | undefined {
    return this.#original.get(path)
  }

  isDeleted(path: string): boolean {
    return this.#original.has(path) && !this.#current.has(path)
  }

  isChanged(path: string): boolean {
    return this.#original.get(path) !== this.#current.get(path)
  }

  /** Edits of one round; they must not overlap. */
  apply(edits: readonly FileEdit[]): void {
    const byPath = new Map<string, TextEdit[]>()
    for (const edit of edits) byPath.set(edit.path, [...(byPath.get(edit.path) ?? []), edit])
    for (const [path, own] of byPath) {
      const text = this.#current.get(path)
      if (text === undefined) continue
      this.#current.set(path, applyTextEdits(text, own))
      this.#history.set(path, [...(this.#history.get(path) ?? []), own])
    }
  }

  delete(path: string): void {
    this.#current.delete(path)
  }

  /** Where an offset of the current text was in the original. */
  originalOffset(path: string, offset: number): number {
    return [...(this.#history.get(path) ?? [])]
      .reverse()
      .reduce((at, edits) => offsetBefore(edits, at), offset)
  }

  /** Line and column, from 1, of an offset of the original. */
  positionInOriginal(path: string, offset: number): { readonly line: number; readonly column: number } {
    const before = (this.#original.get(path) ?? '').slice(0, offset)
    const lines = before.split('\n')
    return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
  }
}
