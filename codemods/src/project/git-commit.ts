import { spawnSync } from 'node:child_process'
import { CodemodError } from './codemod-error'

/**
 * Commits exactly these files (relative to `root`) with the identity and the hooks that git is set up with. Whatever else is staged stays
 * staged and is not part of it.
 *
 * @throws CodemodError `COMMIT_FAILED` with what git or a hook said.
 */
export function commitFiles(root: string, paths: readonly string[], message: string): void {
  const { error, status, stdout, stderr } = spawnSync(
    'git',
    ['commit', '--quiet', '--only', '--message', message, '--pathspec-from-file=-', '--pathspec-file-nul'],
    {
      cwd: root,
      input: paths.join('\0'),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C', GIT_LITERAL_PATHSPECS: '1', GIT_EDITOR: 'true' },
    },
  )
  if (error === undefined && status === 0) return
  const said = `${stdout}${stderr}`.split('\n').filter((line) => line.trim() !== '')
  throw new CodemodError(
    'COMMIT_FAILED',
    error?.message ?? `git ended with ${String(status)}`,
    said.slice(-20),
    {
      ...(error === undefined ? {} : { cause: error }),
    },
  )
}
