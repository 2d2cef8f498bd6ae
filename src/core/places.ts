/** What has a place among {@link Places}. */
export interface Placed {
  /** Its number there; the collection's own. */
  place: number
}

/** No place is free. */
const none = -1

/**
 * A collection whose members come and go all the time: each has a place, and knows it. In a list of neighbours young objects would be
 * written into old ones several times for each of them, which the garbage collector must be told each time.
 */
export class Places<T extends Placed> {
  /** In a free place the number of the next free one. */
  readonly #places: (T | number)[] = []
  #firstFree = none
  #size = 0

  get size(): number {
    return this.#size
  }

  add(member: T): void {
    const place = this.#firstFree === none ? this.#places.push(none) - 1 : this.#firstFree
    this.#firstFree = this.#places[place] as number
    this.#places[place] = member
    member.place = place
    this.#size++
  }

  /** Takes out what is in; once only. */
  remove(member: T): void {
    this.#places[member.place] = this.#firstFree
    this.#firstFree = member.place
    this.#size--
  }

  /** Those that are in now, in no particular order. */
  members(): T[] {
    return this.#places.filter((member) => typeof member !== 'number')
  }
}
