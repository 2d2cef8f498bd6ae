/** Closes a switch over a union: a member that was forgotten becomes a compile error here. */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected value: ${String(value)}`)
}
