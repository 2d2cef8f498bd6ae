import { analyzeSources } from '../../../../codemods/src/engine/analyze-sources'
import { builtinKnowledge } from '../../../../codemods/src/engine/builtin-knowledge'
import type { SourceText } from '../../../../codemods/src/model/source'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps } from './stub-knowledge'

const database =
  "import { Pool } from 'pg'\nexport const pool = new Pool()\nexport const openOne = () => pool.connect()\n"
const user = (index: number): string =>
  `import { openOne, pool } from './a-database'\nexport async function f${String(index)}() {\n  const c = await ${index % 2 === 0 ? 'openOne()' : 'pool.connect()'}\n  try {\n    await c.query('select 1')\n  } finally {\n    c.release()\n  }\n}\n`
const other = 'export const socket = (s: { connect(): void }) => s.connect()\n'

let workspace: TempWorkspace
beforeEach(() => {
  workspace = createTempWorkspace({}, stubDeps)
})
afterEach(() => {
  workspace.remove()
})

function source(name: string, text: string): SourceText {
  workspace.write(`${name}.ts`, text)
  return { path: workspace.path(`${name}.ts`), relativePath: `${name}.ts`, text }
}
test('a package that is analysed in parts has the very sites that it has at once', () => {
  const { builtinDialects } = builtinKnowledge
  const files = [
    source('a-database', database),
    ...Array.from({ length: 8 }, (_, index) =>
      source(`f${String(index)}`, index % 3 === 2 ? other : user(index)),
    ),
  ]
  const sources = { name: 'app', path: workspace.root, files }
  const whole = analyzeSources(builtinKnowledge, sources, builtinDialects)
  let relieved = 0
  const inParts = analyzeSources(builtinKnowledge, sources, builtinDialects, {
    partSize: { whole: 100, part: 600 },
    relieve: () => relieved++,
  })
  const sitesOf = (analyzed: typeof whole): unknown => analyzed.flatMap(({ sites }) => sites)
  expect(sitesOf(inParts)).toEqual(sitesOf(whole))
  expect(whole.flatMap(({ sites }) => sites).length).toBeGreaterThan(5)
  expect(relieved).toBeGreaterThan(2)
})
