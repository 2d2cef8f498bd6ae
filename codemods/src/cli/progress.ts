import type { OutputStream } from './streams'

export interface Progress {
  report(done: number, total: number, label: string): void
  /** Leaves the terminal clean. */
  end(): void
}

const barWidth = 24

/** A bar that redraws itself on a terminal, one plain line a package otherwise, nothing when quiet. */
export function createProgress(stream: OutputStream, options: { readonly quiet: boolean }): Progress {
  if (options.quiet) return { report: () => undefined, end: () => undefined }
  if (stream.isTTY !== true) {
    return {
      report: (done, total, label) => void stream.write(`[${String(done + 1)}/${String(total)}] ${label}\n`),
      end: () => undefined,
    }
  }
  let isDrawn = false
  return {
    report(done, total, label) {
      const filled = Math.round((barWidth * done) / Math.max(total, 1))
      const bar = '#'.repeat(filled) + '-'.repeat(barWidth - filled)
      const line = `[${bar}] ${String(done)}/${String(total)} ${label}`
      stream.write(`\r\u001b[2K${line.slice(0, (stream.columns ?? 80) - 1)}`)
      isDrawn = true
    },
    end() {
      if (isDrawn) stream.write('\r\u001b[2K')
      isDrawn = false
    },
  }
}
