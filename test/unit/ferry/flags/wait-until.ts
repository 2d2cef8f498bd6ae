/** Waits for a condition with a deadline; the failure says what was waited for. */
export async function waitUntil(what: string, isMet: () => boolean, deadlineMs = 5_000): Promise<void> {
  const endMs = performance.now() + deadlineMs
  while (!isMet()) {
    if (performance.now() > endMs) throw new Error(`not within ${String(deadlineMs)} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
