import { execFileSync } from 'node:child_process'
import { describeCause } from './codemod-error'
import { compareText } from './find-workspace'

/** What git says of some folders: uncommitted files (relative to the root), or why it says nothing. */
export type WorkTreeStatus =
  | { readonly kind: 'repository'; readonly dirtyFiles: readonly string[] }
  | { readonly kind: 'no-repository' }
  | { readonly kind: 'unknown'; readonly why: string }

/** Uncommitted and untracked files below `folders` (relative to `root`). Reads only; ignored files do not count. */
export function readWorkTreeStatus(root: string, folders: readonly string[]): WorkTreeStatus {
  try {
    const prefix = git(root, ['rev-parse', '--show-prefix']).trimEnd()
    const output = git(root, [
      'status',
      '--porcelain=v1',
      '-z',
      '--untracked-files=all',
      '--no-renames',
      '--',
      ...folders,
    ])
    const dirtyFiles = output
      .split('\0')
      .filter((entry) => entry.length > 3)
      .map((entry) => entry.slice(3 + prefix.length))
    return { kind: 'repository', dirtyFiles: dirtyFiles.sort(compareText) }
  } catch (cause) {
    return explainFailure(cause)
  }
}

/** Outside a repository, or without git installed, there is no work tree to protect; any other failure hides one. */
function explainFailure(cause: unknown): WorkTreeStatus {
  const { code, stderr } = cause as { readonly code?: unknown; readonly stderr?: unknown }
  const message =
    typeof stderr === 'string' && stderr !== '' ? (stderr.split('\n', 1)[0] ?? '') : describeCause(cause)
  if (code === 'ENOENT' || message.includes('not a git repository')) return { kind: 'no-repository' }
  return { kind: 'unknown', why: message }
}

function git(cwd: string, args: readonly string[]): string {
  return execFileSync('git', ['--no-optional-locks', ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C' },
  })
}
