/** Runs `make` so often at once and waits for all of them. */
export function many<T>(
  count: number,
  make: (index: number) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  return Promise.allSettled(Array.from({ length: count }, (_, index) => make(index)))
}

/** The different ways in which they ended: `ok`, or the code of the error. */
export function codesOf(results: readonly PromiseSettledResult<unknown>[]): readonly string[] {
  const codes = results.map((result) =>
    result.status === 'fulfilled' ? 'ok' : String((result.reason as { code?: string }).code ?? result.reason),
  )
  return [...new Set(codes)]
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const [code] = codesOf(await Promise.allSettled([promise]))
  return String(code)
}
