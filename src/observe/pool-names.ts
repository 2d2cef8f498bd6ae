interface Claim {
  readonly owner: object
  count: number
}

/**
 * Hands out names that are unique among the pools it knows: who observes two services with a pool `default` each sees
 * `default` and `default-2`. The same pool always gets the same name.
 */
export class PoolNames {
  readonly #claims = new Map<string, Claim>()

  /** The name for `owner`: as wanted when nobody else has it. Each claim is to be given back. */
  claim(wanted: string, owner: object): string {
    const known = [...this.#claims].find(([name, claim]) => claim.owner === owner && isNamed(name, wanted))
    if (known !== undefined) {
      known[1].count++
      return known[0]
    }
    let name = wanted
    for (let number = 2; this.#claims.has(name); number++) name = `${wanted}-${String(number)}`
    this.#claims.set(name, { owner, count: 1 })
    return name
  }

  giveBack(name: string): void {
    const claim = this.#claims.get(name)
    if (claim === undefined) return
    claim.count--
    if (claim.count === 0) this.#claims.delete(name)
  }
}

function isNamed(name: string, wanted: string): boolean {
  return name === wanted || (name.startsWith(`${wanted}-`) && /^\d+$/.test(name.slice(wanted.length + 1)))
}

/** The conventions want names that are unique in the process, so this is the process's. */
export const processPoolNames = new PoolNames()
