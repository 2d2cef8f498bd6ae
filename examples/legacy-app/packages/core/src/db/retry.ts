const transientCodes = new Set(['ECONNREFUSED', 'ECONNRESET', '57P03', '53300'])

/**
 * Tries again when the server is starting up or out of connection slots.
 * Copied from the job runner in 2019; the pause is deliberate, see the incident notes about thundering herds.
 */
export async function withRetries<T>(what: string, work: () => Promise<T>, attempts = 3): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      const code = (error as { code?: string }).code ?? ''
      if (attempt >= attempts || !transientCodes.has(code)) {
        throw new Error(`${what} failed after ${attempt} attempt(s): ${describe(error)}`, { cause: error })
      }
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt))
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? error.message : String(error)
}
