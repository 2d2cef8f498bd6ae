import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { main } from '../../codemods/src/cli/main'
import type { CommandDeps } from '../../codemods/src/commands/command'

interface CommandResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export type WorkspaceDeps = Omit<CommandDeps, 'cwd' | 'onProgress'>

/** A folder of files in the system's temporary folder, and the command line called in process inside it. */
export interface TempWorkspace {
  readonly root: string
  path(relative: string): string
  read(relative: string): string
  write(relative: string, text: string | Buffer): void
  chmod(relative: string, mode: number): void
  /** Every file below the root with its bytes and mode, except `.pgferry` and `.git`. */
  snapshot(): Readonly<Record<string, string>>
  /** Makes the folder a git repository with everything committed. */
  commitAll(): void
  run(
    argv: readonly string[],
    options?: { readonly cwd?: string; readonly deps?: WorkspaceDeps },
  ): Promise<CommandResult>
  remove(): void
}

export function createTempWorkspace(
  files: Readonly<Record<string, string>>,
  defaults: WorkspaceDeps,
): TempWorkspace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'pgferry-workspace-')))
  const workspace: TempWorkspace = {
    root,
    path: (relative) => join(root, relative),
    read: (relative) => readFileSync(join(root, relative), 'utf8'),
    write(relative, text) {
      mkdirSync(dirname(join(root, relative)), { recursive: true })
      writeFileSync(join(root, relative), text)
    },
    chmod: (relative, mode) => {
      chmodSync(join(root, relative), mode)
    },
    snapshot: () => Object.fromEntries(entriesBelow(root, '')),
    commitAll() {
      const git = (...args: string[]): void => {
        const identity = [
          '-c',
          'user.name=Test',
          '-c',
          'user.email=test@example.invalid',
          '-c',
          'commit.gpgsign=false',
        ]
        execFileSync('git', [...identity, ...args], { cwd: root, stdio: 'ignore' })
      }
      git('init', '-q')
      git('add', '-A')
      git('commit', '-q', '-m', 'all')
    },
    async run(argv, options = {}) {
      const output = { stdout: '', stderr: '' }
      const exitCode = await main(
        argv,
        {
          stdout: { write: (text) => (output.stdout += text) },
          stderr: { write: (text) => (output.stderr += text) },
          cwd: options.cwd ?? root,
          env: {},
        },
        { version: '0.0.0', loadCommandDeps: () => Promise.resolve(options.deps ?? defaults) },
      )
      return { exitCode, ...output }
    },
    remove() {
      rmSync(root, { recursive: true, force: true })
    },
  }
  for (const [relative, text] of Object.entries(files)) workspace.write(relative, text)
  return workspace
}

function entriesBelow(root: string, folder: string): (readonly [string, string])[] {
  return readdirSync(join(root, folder))
    .sort()
    .flatMap((name) => {
      const relative = folder === '' ? name : `${folder}/${name}`
      if (relative === '.pgferry' || relative === '.git') return []
      const status = lstatSync(join(root, relative))
      if (status.isDirectory()) return entriesBelow(root, relative)
      if (!status.isFile()) return []
      return [
        [
          relative,
          `${(status.mode & 0o7777).toString(8)} ${readFileSync(join(root, relative)).toString('base64')}`,
        ] as const,
      ]
    })
}
