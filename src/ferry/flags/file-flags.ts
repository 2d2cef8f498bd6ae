import { readFileSync, statSync, watch, type FSWatcher } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { systemClock, type Clock, type TimerHandle } from '../../core/clock'
import { checkOptions, isDurationMs } from '../../core/options'
import type { FlagHealth, FlagSource } from './flag-source'
import { FlagStore } from './flag-store'
import { parseFlagsFile } from './flags-file'

export interface FileFlagOptions {
  /** How often the file is looked at besides being watched, in ms; some file systems report no changes. */
  readonly pollIntervalMs?: number
}

export const defaultFileFlagOptions: Required<FileFlagOptions> = { pollIntervalMs: 1_000 }

/** A file of flags has a few lines; anything greater is some other file. */
const maxFileBytes = 1_000_000

/** Flags out of a watched file. */
export interface FileFlagSource extends FlagSource {
  readonly kind: 'file'
  /** The absolute path that is read. */
  readonly path: string
}

/**
 * Flags out of a JSON file ({@link FlagsFile}), the source that needs no server: read at the call, then watched. A change
 * shows within milliseconds; a missed one within `pollIntervalMs`. A missing file is no error: components are on the safe
 * side until it comes. A file that goes away, is half written or holds a bad value changes nothing: the last good flags
 * hold, and `health()` says why. Watching does not keep the process alive.
 *
 * @param path default: the variable `PGFERRY_FLAGS_FILE`, or `pgferry-flags.json` in the working directory.
 * @throws InvalidOptionError for a bad option; never for the file.
 * @example
 * const flags = fileFlags('flags/pgferry.json')
 */
export function fileFlags(
  path: string = process.env['PGFERRY_FLAGS_FILE'] ?? 'pgferry-flags.json',
  options: FileFlagOptions = {},
  deps: { readonly clock?: Clock } = {},
): FileFlagSource {
  checkOptions('fileFlags', options, { pollIntervalMs: isDurationMs(1) })
  const reader = new FlagsFileReader(
    resolve(path),
    options.pollIntervalMs ?? defaultFileFlagOptions.pollIntervalMs,
    deps.clock ?? systemClock,
  )
  reader.start()
  return {
    kind: 'file',
    path: reader.path,
    snapshot: () => reader.store.snapshot(),
    onChange: (listener) => reader.store.onChange(listener),
    health: () => reader.health(),
    close: () => {
      reader.close()
      return Promise.resolve()
    },
  }
}

class FlagsFileReader {
  readonly store: FlagStore
  #watcher: FSWatcher | undefined
  #timer: TimerHandle | undefined
  #lastSuccessAtMs: number | undefined
  #failure: { readonly error: unknown } | undefined

  constructor(
    readonly path: string,
    private readonly pollIntervalMs: number,
    private readonly clock: Clock,
  ) {
    this.store = new FlagStore(clock)
  }

  start(): void {
    // Watch first: what is written between the two would be missed the other way round.
    this.#watch()
    this.#read()
    this.#schedulePoll()
  }

  health(): FlagHealth {
    if (this.store.isClosed) return { state: 'closed' }
    const lastSuccessAtMs = this.#lastSuccessAtMs
    if (lastSuccessAtMs === undefined) return { state: 'starting', ...this.#failure }
    return this.#failure === undefined
      ? { state: 'live', lastSuccessAtMs }
      : { state: 'stale', lastSuccessAtMs, ...this.#failure }
  }

  close(): void {
    this.store.close()
    this.#watcher?.close()
    this.#watcher = undefined
    if (this.#timer !== undefined) this.clock.clearTimer(this.#timer)
    this.#timer = undefined
  }

  /** Read in one go: the file is small, local and read on change only, and a flip must not wait behind the thread pool. */
  #read(): void {
    try {
      const { size, isFile } = fileFacts(this.path)
      if (!isFile || size > maxFileBytes)
        throw new Error(`${this.path} is no file of flags (${String(size)} bytes)`)
      this.store.publish(parseFlagsFile(readFileSync(this.path, 'utf8')))
      this.#lastSuccessAtMs = this.clock.wallClockMs()
      this.#failure = undefined
    } catch (error) {
      this.#failure = { error }
    }
  }

  #schedulePoll(): void {
    const poll = () => {
      if (this.#watcher === undefined) this.#watch()
      this.#read()
      // A listener may have closed this source in answer to what was just read.
      if (!this.store.isClosed) this.#schedulePoll()
    }
    this.#timer = this.clock.setTimer(poll, this.pollIntervalMs, { isBackground: true })
  }

  /** Watches the directory, not the file: a rename puts another file in the old one's place. */
  #watch(): void {
    const name = basename(this.path)
    try {
      const watcher = watch(dirname(this.path), { persistent: false }, (_event, changed) => {
        // `..data` is the link that Kubernetes swings when a mounted ConfigMap changes.
        if (changed === name || changed === null || changed.startsWith('..')) this.#read()
      })
      watcher.on('error', () => {
        // The directory went away, or watches are used up: polling goes on and tries to watch again.
        watcher.close()
        if (this.#watcher === watcher) this.#watcher = undefined
      })
      this.#watcher = watcher
    } catch {
      // No such directory yet, or no watches left: the poll tries again.
      this.#watcher = undefined
    }
  }
}

function fileFacts(path: string): { readonly size: number; readonly isFile: boolean } {
  const facts = statSync(path)
  return { size: facts.size, isFile: facts.isFile() }
}
