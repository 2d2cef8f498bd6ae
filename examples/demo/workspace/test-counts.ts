/**
 * Reads the totals that `node --test` prints at its end in TAP.
 *
 * @throws Error when they are not there: then nothing was tested
 */
export function parseTestCounts(tap: string): { readonly passed: number; readonly failed: number } {
  const total = (name: string): number => {
    const found = new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)
    if (found?.[1] === undefined) throw new Error(`the tests of the example printed no line '# ${name} …'`)
    return Number(found[1])
  }
  const [passed, failed] = [total('pass'), total('fail') + total('cancelled')]
  if (passed + failed === 0) throw new Error('the example has no tests')
  return { passed, failed }
}
