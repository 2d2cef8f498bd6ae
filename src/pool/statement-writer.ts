/** What goes over the wire for one value: text, bytes, or SQL's NULL. */
export type WireValue = string | Buffer | null

const smallestCapacity = 16 * 1024
/** A buffer that one large statement has blown up is not kept for the small ones after it. */
const largestKept = 1024 * 1024

/** Execute of the unnamed portal without a row limit, then Sync. */
const executeAndSync = Buffer.from([
  0x45,
  0,
  0,
  0,
  9,
  0,
  0,
  0,
  0,
  0, //
  0x53,
  0,
  0,
  0,
  4,
])
/** Describe of the unnamed portal. */
const describePortal = Buffer.from([0x44, 0, 0, 0, 6, 0x50, 0])

/**
 * Collects the messages of many statements, so that one write carries them all. The messages are those of the extended
 * query protocol; what pg itself would send differs in nothing that the server could tell.
 */
export class StatementWriter {
  #buffer = Buffer.allocUnsafe(smallestCapacity)
  #length = 0

  /** Bytes collected so far; give it to {@link truncate} to take back what was added since. */
  get length(): number {
    return this.#length
  }

  truncate(length: number): void {
    this.#length = length
  }

  parse(name: string, text: string): void {
    const at = this.#begin(0x50)
    this.#addCString(name)
    this.#addCString(text)
    // No parameter types: the server infers them, as for pg.
    this.#addInt16(0)
    this.#end(at)
  }

  describeStatement(name: string): void {
    const at = this.#begin(0x44)
    this.#addByte(0x53)
    this.#addCString(name)
    this.#end(at)
  }

  describePortal(): void {
    this.#addBytes(describePortal)
  }

  closeStatement(name: string): void {
    const at = this.#begin(0x43)
    this.#addByte(0x53)
    this.#addCString(name)
    this.#end(at)
  }

  /** Binds `values` to the statement's unnamed portal; every column of the result comes as text. */
  bind(name: string, values: readonly WireValue[]): void {
    const at = this.#begin(0x42)
    // The portal's name.
    this.#addByte(0)
    this.#addCString(name)
    this.#addFormats(values)
    this.#addInt16(values.length)
    for (const value of values) this.#addValue(value)
    this.#addInt16(0)
    this.#end(at)
  }

  executeAndSync(): void {
    this.#addBytes(executeAndSync)
  }

  /** Takes out everything collected. */
  take(): Buffer {
    const taken = Buffer.allocUnsafe(this.#length)
    this.#buffer.copy(taken, 0, 0, this.#length)
    this.#length = 0
    if (this.#buffer.length > largestKept) this.#buffer = Buffer.allocUnsafe(smallestCapacity)
    return taken
  }

  /** No format code at all means that every value is text; with bytes among them each has its own. */
  #addFormats(values: readonly WireValue[]): void {
    if (!values.some((value) => value instanceof Buffer)) {
      this.#addInt16(0)
      return
    }
    this.#addInt16(values.length)
    for (const value of values) this.#addInt16(value instanceof Buffer ? 1 : 0)
  }

  #addValue(value: WireValue): void {
    if (value === null) {
      this.#addInt32(-1)
    } else if (typeof value === 'string') {
      this.#reserve(4 + value.length * 3)
      const written = this.#buffer.write(value, this.#length + 4)
      this.#buffer.writeInt32BE(written, this.#length)
      this.#length += 4 + written
    } else {
      this.#addInt32(value.length)
      this.#addBytes(value)
    }
  }

  #begin(code: number): number {
    this.#reserve(5)
    this.#buffer[this.#length] = code
    this.#length += 5
    return this.#length - 4
  }

  #end(at: number): void {
    this.#buffer.writeInt32BE(this.#length - at, at)
  }

  #addByte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  #addInt16(value: number): void {
    this.#reserve(2)
    this.#buffer[this.#length++] = value >>> 8
    this.#buffer[this.#length++] = value & 0xff
  }

  #addInt32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
  }

  #addCString(text: string): void {
    // A UTF-16 unit is three bytes of UTF-8 at most.
    this.#reserve(text.length * 3 + 1)
    this.#length += this.#buffer.write(text, this.#length)
    this.#buffer[this.#length++] = 0
  }

  #addBytes(bytes: Buffer): void {
    this.#reserve(bytes.length)
    bytes.copy(this.#buffer, this.#length)
    this.#length += bytes.length
  }

  #reserve(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}
