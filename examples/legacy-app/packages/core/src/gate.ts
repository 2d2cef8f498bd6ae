/**
 * Admits one holder after the other. Not a database connection, although it is taken and released too.
 * Used where a unit needs two connections at once, so that such units cannot starve each other.
 */
export class Gate {
  private tail: Promise<void> = Promise.resolve()

  async acquire(): Promise<GatePass> {
    const before = this.tail
    let open: () => void = () => undefined
    this.tail = new Promise((resolve) => {
      open = resolve
    })
    await before
    return { release: () => open() }
  }
}

export interface GatePass {
  release(): void
}
