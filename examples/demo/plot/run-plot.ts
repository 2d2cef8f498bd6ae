import { renderCorpus, renderInventory } from '../console/summary'
import { corpora } from '../corpora/unpack'
import { readCorpus } from '../corpora/read-corpus'
import { components } from '../crossing/components'
import { crossComponent } from '../crossing/cross-component'
import { checkFinalState } from '../crossing/final-checks'
import { FlagBoard } from '../crossing/flag-board'
import type { CorpusResult, CrossingResult, DemoResult, Inventory, TestResult } from '../report/model'
import { ConnectionMonitor } from '../timeline/connection-monitor'
import { rehearseRevert } from '../workspace/rehearse-revert'
import type { Timeline } from '../timeline/timeline'
import { toInventory } from '../workspace/run-report'
import { installWiring } from '../workspace/workspace'
import { Fleet } from '../processes/fleet'
import { prepareExample, runExampleTests, showPhaseOne } from './example'
import type { Stage } from './stage'

/**
 * The demo from beginning to end: the example as it is, under load; the ferry goes in; each component crosses; everything
 * is looked at again.
 *
 * @throws Error as soon as a request fails or a step does not come to its end in time
 */
export async function runPlot(stage: Stage): Promise<DemoResult> {
  const { timeline, progress } = stage
  await prepareExample(stage)
  const tests: TestResult[] = [await runExampleTests('before', stage)]
  const before = await showInventory('the inventory, before', stage)
  const { fleet, monitor } = await startExample(stage)
  progress.step('phase 1: addGetconn')
  const phaseOne = await showPhaseOne(stage)
  progress.done(
    `phase 1: without addGetconn "${phaseOne.errorBefore}"; with it ${phaseOne.documentsAfter} documents stored`,
  )
  // It only reads what is there, and is awaited below; until then a failure must not count as unhandled.
  const foreign = readCorpora(stage)
  foreign.catch(() => undefined)
  const { flags, revertedFiles } = await putFerryIn(stage, fleet)
  progress.done(
    `pgferry migrate ${components[0]}, then pgferry revert: ${revertedFiles} files restored byte for byte`,
  )
  const crossings: CrossingResult[] = []
  for (const component of components) {
    crossings.push(await cross(component, stage, fleet, flags))
    if (component === 'rag-adapters') tests.push(await runExampleTests('between', stage))
  }
  tests.push(await runExampleTests('after', stage))
  const after = await showInventory('the inventory, after', stage)
  progress.step('stop the example')
  await fleet.stop()
  const sessionsLeft = await sessionsLeftOn(monitor, stage)
  await monitor.stop()
  const corpusResults = await foreign
  for (const result of corpusResults) progress.block(renderCorpus(result))
  const checks = checkFinalState({
    units: timeline.units,
    connections: timeline.connections,
    leasesLeftOver: fleet.leasesLeftOver,
    sessionsLeft,
    tests,
    crossings,
    componentCount: components.length,
    rewritableLeft: after.packages.reduce((sum, { verdicts }) => sum + verdicts.rewritable, 0),
  })
  const { startedAtMs, versions } = stage
  const endedAtMs = timeline.clock.now()
  return {
    startedAtMs,
    endedAtMs,
    versions,
    before,
    after,
    phaseOne,
    revertedFiles,
    tests,
    crossings,
    corpora: corpusResults,
    checks,
    timeline,
  }
}

async function showInventory(title: string, { toolbox, progress }: Stage): Promise<Inventory> {
  progress.step('pgferry scan')
  const inventory = toInventory(await toolbox.scan())
  progress.done(title)
  progress.block(renderInventory(inventory))
  return inventory
}

async function startExample(
  stage: Stage,
): Promise<{ readonly fleet: Fleet; readonly monitor: ConnectionMonitor }> {
  const { toolbox, timeline, databaseUrl, settings, progress, failComponent } = stage
  progress.step('start the example under load')
  const { workspace } = toolbox
  const env = {
    DATABASE_URL: databaseUrl,
    DB_POOL_MAX: String(settings.budgetPerProcess),
    PGFERRY_FLAGS: workspace.flagsFile,
  }
  const fleet = new Fleet(
    {
      root: workspace.root,
      logFolder: workspace.logFolder,
      env,
      level: settings.restingLevel,
      ...(failComponent === undefined ? {} : { sabotage: { component: failComponent, failAtStep: 12 } }),
    },
    timeline,
  )
  stage.onOpened(() => {
    fleet.kill()
  })
  const monitor = new ConnectionMonitor(
    databaseUrl,
    timeline,
    () => fleet.running * settings.budgetPerProcess,
  )
  stage.onOpened(() => monitor.stop())
  await monitor.start(settings.monitorEveryMs)
  await fleet.start()
  progress.done(
    `${components.length} components run under load, each in a process of its own, on their old pools`,
  )
  return { fleet, monitor }
}

interface FerryIsIn {
  readonly flags: FlagBoard
  readonly revertedFiles: number
}

async function putFerryIn(
  { toolbox, timeline, progress, repository }: Stage,
  fleet: Fleet,
): Promise<FerryIsIn> {
  progress.step('the ferry goes in: wiring, build, rolling restarts')
  const flags = new FlagBoard(toolbox.workspace.flagsFile)
  await flags.write()
  await timeline.during({ kind: 'wiring', label: 'wiring' }, async () => {
    await installWiring(toolbox.workspace, repository)
    toolbox.workspace.commit('the ferry goes in')
  })
  await timeline.during({ kind: 'build', label: 'build' }, () => toolbox.build())
  // The rehearsal touches sources only, and what is restarted was built before.
  const [revertedFiles] = await Promise.all([
    rehearseRevert(components[0], toolbox),
    restartAll(fleet, timeline),
  ])
  const stray = timeline.units.find(({ servedBy }) => servedBy === 'service' || servedBy === 'both')
  if (stray !== undefined)
    throw new Error(`a unit of ${stray.component} was served by the service with every flag at 0`)
  progress.done(
    'the ferry is in: one wiring file for each package, five rolling restarts, everything still on the old pools',
  )
  return { flags, revertedFiles }
}

async function restartAll(fleet: Fleet, timeline: Timeline): Promise<void> {
  for (const component of components) {
    await timeline.during({ kind: 'restart', component, label: 'restart' }, () => fleet.restart(component))
  }
}

async function cross(
  component: (typeof components)[number],
  { toolbox, timeline, settings, progress }: Stage,
  fleet: Fleet,
  flags: FlagBoard,
): Promise<CrossingResult> {
  const { crossingLevel, restingLevel, timing } = settings
  const say = (step: string): void => {
    progress.step(`${component}: ${step}`)
  }
  const isLast = component === components.at(-1)
  const deps = { timeline, flags, timing, fleet, toolbox, crossingLevel, restingLevel, say }
  const result = await crossComponent(component, deps, { isForceRehearsed: isLast })
  const back = result.rollbacks.map(
    ({ how, lastServiceUnitMs }) =>
      `${how === 'flag' ? 'by flag' : 'by kill switch'} ${lastServiceUnitMs} ms`,
  )
  progress.done(
    `${component} arrived: ${result.rewritten} call sites rewritten, ${result.left} left on the facade, ` +
      `way back rehearsed ${back.join(' and ')}, ${(result.tookMs / 1000).toFixed(1)} s`,
  )
  return result
}

/** Sessions of the example that the server still lists; it takes a moment to notice that a client is gone. */
async function sessionsLeftOn(monitor: ConnectionMonitor, { timeline }: Stage): Promise<number> {
  const deadlineMs = timeline.clock.now() + 3_000
  for (;;) {
    const left = (await monitor.sessions()).length
    if (left === 0 || timeline.clock.now() > deadlineMs) return left
    await new Promise<void>((resolve) => timeline.clock.after(50, resolve))
  }
}

async function readCorpora({
  isWithoutCorpora,
  toolbox,
  repository,
}: Stage): Promise<readonly CorpusResult[]> {
  const results: CorpusResult[] = []
  if (isWithoutCorpora) return results
  for (const corpus of corpora) {
    results.push(await readCorpus(corpus, { toolbox, repository, folder: toolbox.workspace.corpusFolder }))
  }
  return results
}
