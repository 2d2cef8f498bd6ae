import { rename, writeFile } from 'node:fs/promises'
import { components, type Component } from './components'

/** The flags of the whole example in one file that every process watches. */
export class FlagBoard {
  readonly #shares = new Map<Component, number>(components.map((component) => [component, 0]))

  constructor(readonly path: string) {}

  /** Writes the file with what is set now: beside it first, then renamed, so that nobody reads half of it. */
  async write(): Promise<void> {
    const text = `${JSON.stringify({ components: Object.fromEntries(this.#shares) }, null, 2)}\n`
    await writeFile(`${this.path}.new`, text)
    await rename(`${this.path}.new`, this.path)
  }

  async set(component: Component, share: number): Promise<void> {
    this.#shares.set(component, share)
    await this.write()
  }
}
