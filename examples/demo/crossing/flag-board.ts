import { writeFlagsFile } from 'pgferry/legacy'
import { components, type Component } from './components'

/** The flags of the whole example in one file that every process watches. */
export class FlagBoard {
  readonly #shares = new Map<Component, number>(components.map((component) => [component, 0]))

  constructor(readonly path: string) {}

  /** Writes the file with what is set now. */
  async write(): Promise<void> {
    await writeFlagsFile(this.path, { components: Object.fromEntries(this.#shares) })
  }

  async set(component: Component, share: number): Promise<void> {
    this.#shares.set(component, share)
    await this.write()
  }
}
