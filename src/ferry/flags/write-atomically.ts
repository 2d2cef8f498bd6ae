import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Replaces a file's content so that a reader sees either all of the old or all of the new: written beside it, synced,
 * then renamed. Keeps the mode of a file that was there; follows a symbolic link instead of replacing it.
 *
 * @throws the file system's error; the old file is untouched then, and nothing is left beside it.
 */
export async function writeAtomically(path: string, text: string, newFileMode = 0o644): Promise<void> {
  const target = await realpath(path).catch(() => path)
  const mode = await stat(target).then(
    (found) => found.mode & 0o777,
    () => newFileMode,
  )
  const temporary = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`)
  try {
    const file = await open(temporary, 'wx', mode)
    try {
      await file.writeFile(text)
      // The mode given to `open` is narrowed by the umask.
      await file.chmod(mode)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
