/** Closes a switch over a union: a member without a case is a type error, and a value from outside the types throws. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value ${JSON.stringify(value)}`)
}
