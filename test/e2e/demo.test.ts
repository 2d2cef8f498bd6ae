import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../..')
const timeoutMs = 280_000

interface DemoRun {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** What is left in the temporary folder that the demo was given. */
  readonly left: readonly string[]
}

/** Runs the demo as `npm run demo -- …` does, in a pipe. */
async function runDemo(
  args: readonly string[],
  folder: string,
  onOutput?: (text: string, pid: number) => void,
): Promise<DemoRun> {
  const demo = spawn(process.execPath, [join(root, 'scripts/demo.mjs'), ...args], {
    cwd: folder,
    env: { ...process.env, TMPDIR: folder, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  demo.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    onOutput?.(stdout, demo.pid ?? 0)
  })
  demo.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exitCode = await new Promise<number | null>((done) => demo.once('close', done))
  const left = readdirSync(folder).filter((name) => name.startsWith('pgferry-demo-'))
  return { exitCode, stdout, stderr, left }
}

describe('npm run demo', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'demo-test-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  it(
    'takes every component over under load, sums up, writes the report, and leaves nothing behind',
    async () => {
      const { exitCode, stdout, stderr, left } = await runDemo(
        ['--quick', '--no-corpora', '--report', 'out/report.html'],
        folder,
      )
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
      for (const component of ['test-systems', 'scripts', 'rag-adapters', 'portals', 'core']) {
        expect(stdout).toMatch(new RegExp(`${component} arrived: \\d+ call sites rewritten`))
      }
      expect(stdout.match(/^ {2}ok {3}/gm)).toHaveLength(8)
      expect(stdout).not.toContain('FAIL')
      expect(stdout).toMatch(/\d+ units of work, 0 failed, \d+ of \d+ call sites rewritten/)
      // Plain lines in a pipe.
      expect(stdout).not.toContain('\u001b')
      expect(stdout).not.toContain('\r')
      const report = join(folder, 'out/report.html')
      expect(stdout).toContain(`report: ${report}`)
      expect(readFileSync(report, 'utf8')).toContain('all checks met')
      expect(left).toEqual([])
    },
    timeoutMs,
  )

  it(
    'ends with an error that says why and where the logs are when a single request fails',
    async () => {
      const { exitCode, stdout, stderr, left } = await runDemo(
        ['--quick', '--no-corpora', '--fail', 'scripts'],
        folder,
      )
      expect(exitCode).toBe(1)
      expect(stdout).not.toContain('arrived')
      expect(stderr).toContain('the demo failed: scripts: step 12 was made to fail')
      const logs = /^logs: (.*)$/m.exec(stderr)?.[1] ?? ''
      expect(existsSync(logs)).toBe(true)
      expect(readdirSync(join(folder, left[0] ?? ''))).toEqual(['logs'])
    },
    timeoutMs,
  )

  it('refuses unknown options before it starts anything', async () => {
    const { exitCode, stderr, left } = await runDemo(['--fast'], folder)
    expect(exitCode).toBe(2)
    expect(stderr).toContain("unknown option '--fast'")
    expect(left).toEqual([])
  })
})
