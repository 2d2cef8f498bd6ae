import { runProgram } from '../../../src/testing/run-program'

const own = { account: undefined, cwd: '/' }

test('tells how a program ended and what it said', async () => {
  const result = await runProgram('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3'], own)
  expect(result).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' })
})

test('shows a program nothing of the PG variables and the locale of the caller', async () => {
  process.env['PGDATA'] = '/somewhere/else'
  const { stdout } = await runProgram('/bin/sh', ['-c', 'echo "$PGDATA|$LC_ALL|$TZ"'], own)
  delete process.env['PGDATA']
  expect(stdout).toBe('|C|UTC\n')
})

test('ends a program that takes too long', async () => {
  const result = await runProgram('/bin/sh', ['-c', 'exec sleep 30'], { ...own, timeoutMs: 20 })
  expect(result.status).toBeUndefined()
})

test('says why a program could not be started', async () => {
  const result = await runProgram('/no/such/program', [], own)
  expect(result).toEqual({ status: undefined, stdout: '', stderr: expect.stringContaining('ENOENT') })
})
