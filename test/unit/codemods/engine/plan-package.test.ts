import { join } from 'node:path'
import { planPackage } from '../../../../codemods/src/engine/plan-package'
import type { PackagePlan } from '../../../../codemods/src/engine/plan-package'
import { scanPackage } from '../../../../codemods/src/engine/scan-package'
import type { Knowledge } from '../../../../codemods/src/engine/knowledge'
import { workspaceFromConfig } from '../../../../codemods/src/project/workspace'
import type { TempWorkspace } from '../../../support/temp-workspace'
import { createTempWorkspace } from '../../../support/temp-workspace'
import { stubDeps, stubKnowledge } from './stub-knowledge'

let temp: TempWorkspace
beforeEach(() => {
  temp = createTempWorkspace(
    {
      'app/tsconfig.json': JSON.stringify({ compilerOptions: { strict: true, types: [] } }),
      'app/globals.ts':
        'declare global { function legacyTake(n: number): number\n function serviceTake(n: number): number\n function serviceTake(n: string): string }\nexport {}\n',
    },
    stubDeps,
  )
})
afterEach(() => {
  temp.remove()
})

function plan(knowledge: Knowledge = stubKnowledge): PackagePlan {
  const workspace = workspaceFromConfig(join(temp.root, 'pgferry.config.ts'), {
    packages: [{ name: 'app', path: 'app' }],
  })
  const [target] = workspace.packages
  if (target === undefined) throw new Error('no package')
  const scanned = scanPackage(target, {
    workspace,
    dialects: knowledge.builtinDialects,
    knowledge,
    includeTests: false,
  })
  const connections = { kind: 'import', name: 'serviceTake', from: './globals' } as const
  return planPackage(scanned, { style: 'await-using', purpose: 'app', connections }, { isTypeChecked: true })
}

const verdicts = (planned: PackagePlan): readonly string[] => planned.report.sites.map((site) => site.verdict)

test('a rewrite that breaks the types of a file which was not changed speaks against the whole package', () => {
  temp.write('app/a.ts', 'export const a = legacyTake(13)\n')
  temp.write('app/b.ts', 'export const b = legacyTake(2)\n')
  temp.write('app/user.ts', "import { a } from './a'\nexport const user: number = a\n")
  const planned = plan()
  expect(verdicts(planned)).toEqual(['manual', 'manual'])
  expect(planned.report.sites[1]?.advice).toContain(
    "TS2322: Type 'string' is not assignable to type 'number'",
  )
  expect(planned.changes).toEqual([])
})

test('an error that the nearest site did not cause is cured by leaving the whole file alone', () => {
  temp.write(
    'app/a.ts',
    'const a = legacyTake(13)\nconst b = legacyTake(2)\nexport const c: number = a + b\n',
  )
  temp.write('app/b.ts', 'export const b = legacyTake(2)\n')
  const planned = plan()
  expect(verdicts(planned)).toEqual(['manual', 'manual', 'rewritten'])
  expect(planned.changes.map(({ path, after }) => [path, after?.toString()])).toEqual([
    ['app/b.ts', 'export const b = serviceTake(2)\n'],
  ])
})

test('an error above the first site is laid on the first site', () => {
  temp.write(
    'app/a.ts',
    'export const early = (): number => late\nconst late = legacyTake(13)\nexport const b = legacyTake(2)\n',
  )
  expect(verdicts(plan())).toEqual(['manual', 'rewritten'])
})

test('an error is laid on the site of its own function, and on no other', () => {
  temp.write(
    'app/a.ts',
    `export function a() { return legacyTake(2) }
export function b() {
  const held: number =
    legacyTake(13)
  return held
}
export function c() { return legacyTake(2) }
export function d(): string { const late: number =
  legacyTake(13); return String(late) }
export function e() { return legacyTake(2) }
`,
  )
  expect(verdicts(plan())).toEqual(['rewritten', 'manual', 'rewritten', 'manual', 'rewritten'])
})

test('edits that no site answers for are never written', () => {
  temp.write('app/a.ts', 'export const a = legacyTake(2)\n')
  const careless: Knowledge = {
    ...stubKnowledge,
    analyze: (sources, dialects) =>
      stubKnowledge.analyze(sources, dialects).map((file) => ({
        ...file,
        rewrite: () => ({ edits: [{ start: 0, end: 0, text: 'const x: number = "";' }], sites: file.sites }),
      })),
  }
  expect(() => plan(careless)).toThrow(/app: edits without a site do not type-check/)
})

test('without a tsconfig the result is parsed and not type-checked', () => {
  temp = createTempWorkspace(
    { 'app/a.ts': 'const a = legacyTake(13)\n', 'app/b.ts': 'const b = legacyTake(14)\n' },
    stubDeps,
  )
  const planned = plan()
  expect(verdicts(planned)).toEqual(['rewritten', 'manual'])
  expect(planned.report.sites[1]?.reason).toBe('type-error')
})

test('a name that a rewrite leaves unused is refused with what to do', () => {
  const compilerOptions = { strict: true, types: [], noUnusedLocals: true }
  temp.write('app/tsconfig.json', JSON.stringify({ compilerOptions }))
  temp.write('app/a.ts', "const keep = 'x'\nvoid keep\nexport const a = legacyTake(2)\n")
  const droppingTheUse: Knowledge = {
    ...stubKnowledge,
    analyze: (sources, dialects) =>
      stubKnowledge.analyze(sources, dialects).map((analyzed) => ({
        ...analyzed,
        rewrite(target, skip) {
          const { edits, sites } = analyzed.rewrite(target, skip)
          const start = analyzed.source.text.indexOf('void keep')
          return { edits: edits.length > 0 ? [{ start, end: start + 9, text: '' }, ...edits] : edits, sites }
        },
      })),
  }
  const planned = plan(droppingTheUse)
  expect(verdicts(planned)).toEqual(['manual'])
  expect(planned.report.sites[0]?.advice).toMatch(/TS6133.*rewrite the site by hand and remove the name/)
})
