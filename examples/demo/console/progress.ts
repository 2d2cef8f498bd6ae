/** The part of a stream that progress needs. */
export interface OutputStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const erase = '\r\u001b[2K'

/**
 * What the demo says while it runs. On a terminal the step under way is one live line with its figures, and what is done
 * stays above it; in a pipe each step is a plain line.
 */
export class Progress {
  readonly #stream: OutputStream
  readonly #startedAtMs: number
  #step = ''
  #figures = ''

  constructor(
    stream: OutputStream,
    readonly now: () => number,
  ) {
    this.#stream = stream
    this.#startedAtMs = now()
  }

  /** Says what begins now. */
  step(text: string): void {
    this.#step = text
    if (this.#isLive) this.#draw()
    else this.#stream.write(`${this.#time} ${text}\n`)
  }

  /** Says what is done, for good. */
  done(text: string): void {
    this.#step = ''
    if (this.#isLive) this.#stream.write(`${erase}${this.#time} ${text}\n`)
    else this.#stream.write(`${this.#time} ${text}\n`)
  }

  /** Text of several lines, such as a table. */
  block(text: string): void {
    this.#stream.write(`${this.#isLive ? erase : ''}${text.trimEnd()}\n`)
    if (this.#isLive && this.#step !== '') this.#draw()
  }

  /** Figures for the live line; in a pipe they are not shown. */
  figures(text: string): void {
    this.#figures = text
    if (this.#isLive && this.#step !== '') this.#draw()
  }

  /** Removes the live line. */
  end(): void {
    this.#step = ''
    if (this.#isLive) this.#stream.write(erase)
  }

  get #isLive(): boolean {
    return this.#stream.isTTY === true
  }

  get #time(): string {
    return `${((this.now() - this.#startedAtMs) / 1000).toFixed(1).padStart(6)} s`
  }

  #draw(): void {
    const line = [this.#time, `… ${this.#step}`, this.#figures].filter((part) => part !== '').join('  ')
    this.#stream.write(erase + line.slice(0, (this.#stream.columns ?? 100) - 1))
  }
}
