import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(__dirname, '../..')

/** A copy of `examples/legacy-app` in a git repository of its own, as a team would have it checked out. */
export interface ExampleWorkspace {
  readonly path: string
  /** Commits everything, so that the guard against dirty work trees is content. */
  commitAll(message: string): Promise<void>
  remove(): void
}

/** Copies the example application to a temporary folder; its dependencies are linked, its packages are its own. */
export async function copyExampleApplication(): Promise<ExampleWorkspace> {
  const path = mkdtempSync(join(tmpdir(), 'pgferry-example-'))
  cpSync(join(root, 'examples/legacy-app'), path, {
    recursive: true,
    filter: (source) => !/(^|\/)(node_modules|dist)$/.test(source),
  })
  const modules = join(path, 'node_modules')
  mkdirSync(join(modules, '@legacy-app'), { recursive: true })
  mkdirSync(join(modules, '@pgferry'))
  for (const name of readdirSync(join(path, 'packages'))) {
    symlinkSync(join(path, 'packages', name), join(modules, '@legacy-app', name))
  }
  for (const name of ['pg', '@types', 'typescript'])
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  symlinkSync(root, join(modules, 'pgferry'))
  symlinkSync(join(root, 'codemods'), join(modules, '@pgferry/codemods'))

  const git = (...args: string[]): void => {
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@example.com', ...args], {
      cwd: path,
      stdio: 'pipe',
    })
  }
  git('init', '-q')
  return {
    path,
    commitAll(message) {
      git('add', '-A', '--', '.', ':!node_modules')
      git('commit', '-q', '--allow-empty', '-m', message)
      return Promise.resolve()
    },
    remove: () => {
      rmSync(path, { recursive: true, force: true })
    },
  }
}
