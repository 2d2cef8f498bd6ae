// `npm run demo`: makes the stage, plays the plot, shows the result, and leaves nothing behind.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startPostgres } from 'pgferry/testing'
import { createLiveFigures } from './console/live-figures'
import { Progress } from './console/progress'
import { renderSummary } from './console/summary'
import { parseOptions, usage, UsageError, type DemoOptions } from './options'
import { runPlot } from './plot/run-plot'
import type { DemoResult } from './report/model'
import { renderReport } from './report/render-report'
import { fullSettings, quickSettings } from './settings'
import { Timeline, wallClock } from './timeline/timeline'
import { Toolbox } from './workspace/toolbox'
import { createWorkspace } from './workspace/workspace'

/** Milliseconds that the steps under way have to notice that the demo has ended. */
const settleMs = 10_000

/** Built to examples/demo/dist. */
const repository = resolve(__dirname, '../../..')

/** Ends one thing that was opened; told whether the logs are still needed. */
type Cleanup = (areLogsKept: boolean) => void | Promise<void>

class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args)
  if (options.isHelp) {
    process.stdout.write(usage)
    return 0
  }
  const progress = new Progress(process.stdout, wallClock.now)
  const cleanup: Cleanup[] = []
  let logFolder: string | undefined
  let areLogsKept = true
  try {
    const result = await play(options, progress, cleanup, (folder) => (logFolder = folder))
    const reportFile = resolve(options.reportFile ?? join(repository, 'reports/demo-report.html'))
    mkdirSync(dirname(reportFile), { recursive: true })
    writeFileSync(reportFile, renderReport(result))
    progress.end()
    progress.block(renderSummary(result))
    const isGood = result.checks.every(({ isMet }) => isMet)
    process.stdout.write(`\n  report: ${reportFile}\n`)
    areLogsKept = !isGood
    if (!isGood) process.stderr.write(`\nthe demo failed: a check is not met\nlogs: ${logFolder ?? 'none'}\n`)
    return isGood ? 0 : 1
  } catch (error) {
    progress.end()
    if (error instanceof InterruptedError) {
      areLogsKept = false
      process.stderr.write('\nthe demo was interrupted; it stops what it started\n')
      return 130
    }
    process.stderr.write(`\nthe demo failed: ${describeError(error)}\nlogs: ${logFolder ?? 'none'}\n`)
    return 1
  } finally {
    await endAll(cleanup, areLogsKept)
  }
}

async function play(
  options: DemoOptions,
  progress: Progress,
  cleanup: Cleanup[],
  onLogFolder: (folder: string) => void,
): Promise<DemoResult> {
  const startedAtMs = wallClock.now()
  const timeline = new Timeline(wallClock)
  const controller = new AbortController()
  const interrupt = (): void => {
    timeline.fail(new InterruptedError('it was interrupted'))
    controller.abort(timeline.failure)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, interrupt)
  progress.step('start PostgreSQL')
  const postgres = await startPostgres()
  cleanup.push(() => postgres.stop('immediate'))
  const [row] = await postgres.query('SHOW server_version')
  const databaseUrl = postgres.url(await postgres.createDatabase('demo'))
  const testDatabaseUrl = postgres.url(await postgres.createDatabase('demo_tests'))
  const server = String(row?.['server_version'])
  progress.done(`PostgreSQL ${server} runs on 127.0.0.1:${postgres.port}`)
  const workspace = await createWorkspace(repository)
  cleanup.push((areLogsKept) => workspace.remove(areLogsKept))
  onLogFolder(workspace.logFolder)
  const live = createLiveFigures(timeline, progress)
  cleanup.push(() => {
    live.stop()
  })
  const toolbox = new Toolbox(workspace, { repository, testDatabaseUrl, signal: controller.signal })
  const work = runPlot({
    repository,
    toolbox,
    timeline,
    databaseUrl,
    settings: options.isQuick ? quickSettings : fullSettings,
    progress,
    failComponent: options.failComponent,
    isWithoutCorpora: options.isWithoutCorpora,
    startedAtMs,
    versions: {
      pgferry: versionOf('package.json'),
      '@pgferry/codemods': versionOf('codemods/package.json'),
      PostgreSQL: server,
      'Node.js': process.versions.node,
    },
    onOpened: (end) => cleanup.push(end),
  })
  // Whatever ended the demo, what is under way must be over before anything is removed under it.
  cleanup.push(async () => {
    controller.abort(new Error('the demo has ended'))
    await Promise.race([Promise.allSettled([work]), sleep(settleMs, undefined, { ref: false })])
  })
  // A request that fails ends the demo at once, whatever the plot is waiting for.
  return await Promise.race([work, timeline.failed])
}

/** Ends what was opened, the last first. What goes wrong here must not hide why the demo ended. */
async function endAll(cleanup: readonly Cleanup[], areLogsKept: boolean): Promise<void> {
  for (const end of [...cleanup].reverse()) {
    try {
      await end(areLogsKept)
    } catch (error) {
      process.stderr.write(`while cleaning up: ${String(error)}\n`)
    }
  }
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function versionOf(manifest: string): string {
  return (JSON.parse(readFileSync(join(repository, manifest), 'utf8')) as { version: string }).version
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exit(exitCode)
  },
  (error: unknown) => {
    process.stderr.write(error instanceof UsageError ? `${error.message}\n\n${usage}` : `${String(error)}\n`)
    process.exit(2)
  },
)
