import { createTwoFilesPatch } from 'diff'

/** One file before and after. */
export interface FileDiff {
  /** Relative to the root, with forward slashes. */
  readonly path: string
  readonly before: string
  readonly after: string
}

/** A unified diff that `git apply` and `patch -p1` accept, files in the given order; empty when there are none. */
export function renderUnifiedDiff(files: readonly FileDiff[]): string {
  return files
    .map(({ path, before, after }) => {
      const patch = createTwoFilesPatch(`a/${path}`, `b/${path}`, before, after, '', '', { context: 3 })
      return patch.replace(/^={60,}\n/, '').replace(/^(---|\+\+\+) (.*?)\t$/gm, '$1 $2')
    })
    .join('')
}
