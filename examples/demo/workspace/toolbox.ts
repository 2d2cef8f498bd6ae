import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runNode, type ProgramResult } from '../processes/run-program'
import type { TestResult } from '../report/model'
import { parseTestCounts } from './test-counts'
import type { RunReport } from './run-report'
import type { Workspace } from './workspace'

export interface ToolboxOptions {
  readonly repository: string
  readonly signal: AbortSignal
  /** For the example's tests: a database of their own. */
  readonly testDatabaseUrl: string
}

/** The programs that a team would call in its working copy: the compiler, the tests, and pgferry. */
export class Toolbox {
  #reports = 0

  constructor(
    readonly workspace: Workspace,
    readonly options: ToolboxOptions,
  ) {}

  /** Builds what changed, and everything that depends on it. */
  async build(): Promise<void> {
    const compiler = join(this.options.repository, 'node_modules/typescript/bin/tsc')
    await this.#run('build.log', [compiler, '--build'])
  }

  /** Links the packages of the copy to one another, once. */
  async link(): Promise<void> {
    await this.#run('build.log', [this.workspace.path('tools/link-packages.mjs')])
  }

  /** The example's own tests, as they were built last. */
  async test(when: TestResult['when'], files: readonly string[]): Promise<TestResult> {
    const startedAtMs = Date.now()
    const args = ['--test', '--test-reporter=tap', ...files]
    const env = { DATABASE_URL: this.options.testDatabaseUrl, PGFERRY_FLAGS: this.workspace.flagsFile }
    const { stdout } = await this.#run('tests.log', args, env, [0, 1])
    return { when, ...parseTestCounts(stdout), tookMs: Date.now() - startedAtMs }
  }

  /** `pgferry scan`; without names every package. */
  async scan(names: readonly string[] = [], cwd = this.workspace.root): Promise<RunReport> {
    const { report } = await this.#report(['scan', ...names], cwd)
    return report
  }

  /** `pgferry migrate`; with `--dry-run` the diff comes back too. */
  async migrate(
    names: readonly string[],
    flags: readonly string[] = [],
    cwd = this.workspace.root,
  ): Promise<{ readonly report: RunReport; readonly output: string }> {
    return this.#report(['migrate', ...names, ...flags], cwd)
  }

  /** `pgferry revert`. */
  async revert(name: string): Promise<void> {
    await this.#pgferry(['revert', name], this.workspace.root)
  }

  async #report(args: readonly string[], cwd: string): Promise<{ report: RunReport; output: string }> {
    // Two may run at a time.
    const file = join(this.workspace.logFolder, `report-${++this.#reports}.json`)
    const { stdout } = await this.#pgferry([...args, '--json', file], cwd)
    return { report: JSON.parse(await readFile(file, 'utf8')) as RunReport, output: stdout }
  }

  #pgferry(args: readonly string[], cwd: string): Promise<ProgramResult> {
    const bin = join(this.options.repository, 'codemods/dist/bin.js')
    return this.#run('pgferry.log', [bin, ...args, '--no-color'], {}, [0], cwd)
  }

  #run(
    log: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    expected: readonly number[] = [0],
    cwd = this.workspace.root,
  ): Promise<ProgramResult> {
    const { signal } = this.options
    return runNode(args, { cwd, env, expected, signal, logFile: join(this.workspace.logFolder, log) })
  }
}
