import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { components } from '../crossing/components'
import { runNode } from '../processes/run-program'
import type { PhaseOneResult, TestResult } from '../report/model'
import type { Stage } from './stage'

/** Builds the copy of the example. */
export async function prepareExample({ toolbox, progress }: Stage): Promise<void> {
  progress.step('build the example')
  await toolbox.link()
  await toolbox.build()
  progress.done('a copy of the example is built, in a git repository of its own')
}

/** Runs the example's own tests, as they are built now and with the flags as they are now. */
export async function runExampleTests(
  when: TestResult['when'],
  { toolbox, timeline, progress }: Stage,
): Promise<TestResult> {
  progress.step(`the tests of the example (${when})`)
  const files: string[] = []
  for (const component of components) {
    const folder = toolbox.workspace.path(`packages/${component}/dist/test`)
    const names = await readdir(folder)
    files.push(...names.filter((name) => name.endsWith('.test.js')).map((name) => join(folder, name)))
  }
  const result = await timeline.during({ kind: 'tests', label: 'tests' }, () => toolbox.test(when, files))
  progress.done(`the tests of the example, ${when}: ${result.passed} passed, ${result.failed} failed`)
  return result
}

/** Phase 1 on the example's own manager and adapter. */
export async function showPhaseOne({ toolbox, databaseUrl }: Stage): Promise<PhaseOneResult> {
  const { root, logFolder } = toolbox.workspace
  const { stdout } = await runNode([join(__dirname, '../load/phase-one-process.js'), root], {
    cwd: root,
    env: { DATABASE_URL: databaseUrl },
    logFile: join(logFolder, 'phase-one.log'),
  })
  return JSON.parse(stdout) as PhaseOneResult
}
