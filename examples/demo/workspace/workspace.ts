import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { components, type Component } from '../crossing/components'

/** A copy of the example that the demo may change as it likes; a git repository of its own. */
export interface Workspace {
  readonly root: string
  /** What programs print is kept here, outside of {@link Workspace.root}. */
  readonly logFolder: string
  readonly flagsFile: string
  /** For sources of others, outside of {@link Workspace.root}. */
  readonly corpusFolder: string
  path(relative: string): string
  /** Commits everything, as a team would after each step. */
  commit(message: string): void
  /** Removes the copy; with `keepLogs` the logs stay. */
  remove(keepLogs: boolean): Promise<void>
}

/** Libraries that the example uses, by their name in `node_modules`. */
const linkedLibraries = ['pg', '@types', 'typescript'] as const

/** What belongs to nobody's sources. */
const ignored = 'node_modules/\ndist/\n.pgferry/\n'

/** Copies the example out of the repository at `repository` and links the libraries and both packages beside it. */
export async function createWorkspace(repository: string): Promise<Workspace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'pgferry-demo-')))
  const root = join(folder, 'legacy-app')
  const logFolder = join(folder, 'logs')
  await mkdir(logFolder)
  await cp(join(repository, 'examples/legacy-app'), root, {
    recursive: true,
    filter: (source) => !['node_modules', 'dist', '.pgferry'].includes(basename(source)),
  })
  const modules = join(root, 'node_modules')
  await mkdir(join(modules, '@pgferry'), { recursive: true })
  for (const library of linkedLibraries) {
    await symlink(join(repository, 'node_modules', library), join(modules, library), 'dir')
  }
  await symlink(repository, join(modules, 'pgferry'), 'dir')
  await symlink(join(repository, 'codemods'), join(modules, '@pgferry/codemods'), 'dir')
  await declareWorkspaces(root)
  await writeFile(join(root, '.gitignore'), ignored)
  git(root, 'init', '--quiet')
  const workspace: Workspace = {
    root,
    logFolder,
    flagsFile: join(folder, 'pgferry-flags.json'),
    corpusFolder: join(folder, 'corpora'),
    path: (relative) => join(root, relative),
    commit(message) {
      git(root, 'add', '--all')
      git(root, 'commit', '--quiet', '--allow-empty', '--message', message)
    },
    async remove(keepLogs) {
      const removed = keepLogs ? [root, workspace.corpusFolder, workspace.flagsFile] : [folder]
      for (const path of removed) await rm(path, { recursive: true, force: true })
    },
  }
  workspace.commit('the example as it is')
  return workspace
}

/** The packages are workspaces of the repository that the example comes from; the copy says so itself. */
async function declareWorkspaces(root: string): Promise<void> {
  const path = join(root, 'package.json')
  const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
  await writeFile(path, `${JSON.stringify({ ...manifest, workspaces: ['packages/*'] }, null, 2)}\n`)
}

function git(cwd: string, ...args: string[]): void {
  const identity = [
    '-c',
    'user.name=Demo',
    '-c',
    'user.email=demo@example.invalid',
    '-c',
    'commit.gpgsign=false',
  ]
  execFileSync('git', [...identity, ...args], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
}

/** The wiring of one package, from the one that is kept for reading: only the component's name differs. */
export function wiringFor(component: Component, template: string): string {
  const line = "const component = 'portals'\n"
  if (!template.includes(line)) throw new Error(`the wiring has no line ${JSON.stringify(line)}`)
  return template.replace(line, `const component = '${component}'\n`)
}

/** The line of the portal's server that serves a request, and the same with the request as a unit of work. */
const requestLine = '=> void respond(routes, request, response))'
const unitLine = '=> void unitOfWork(() => respond(routes, request, response)))'
const importLine = "import { infra, pool, pools } from './database'"

/** Makes each request that the portal serves a unit of work. @throws Error when the portal does not look as expected */
export function wrapRequests(source: string): string {
  for (const line of [requestLine, importLine]) {
    if (!source.includes(line)) throw new Error(`the portal has no line ${JSON.stringify(line)}`)
  }
  return source
    .replace(requestLine, unitLine)
    .replace(importLine, "import { infra, pool, pools, unitOfWork } from './database'")
}

/** Puts the ferry in: one wiring file for each package, and the portal's requests as units of work. */
export async function installWiring(workspace: Workspace, repository: string): Promise<void> {
  const template = await readFile(join(repository, 'examples/demo/wiring/database.ts'), 'utf8')
  const config = await readFile(join(repository, 'examples/demo/wiring/pgferry.config.ts'), 'utf8')
  await writeFile(workspace.path('pgferry.config.ts'), config)
  for (const component of components) {
    await writeFile(workspace.path(`packages/${component}/src/database.ts`), wiringFor(component, template))
  }
  const portal = workspace.path('packages/portals/src/portal.ts')
  await writeFile(portal, wrapRequests(await readFile(portal, 'utf8')))
}
