import { readdirSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'

/** Tells which files are there, and lists each folder once: an import is looked for under a dozen names. */
export class ListedFolders {
  readonly #files = new Map<string, ReadonlySet<string>>()

  hasFile(path: string): boolean {
    const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf(sep))
    const folder = path.slice(0, end + 1)
    let files = this.#files.get(folder)
    if (files === undefined) {
      files = filesIn(folder)
      this.#files.set(folder, files)
    }
    return files.has(path.slice(end + 1))
  }
}

function filesIn(folder: string): ReadonlySet<string> {
  try {
    const entries = readdirSync(folder, { withFileTypes: true })
    return new Set(
      entries
        .filter(
          (entry) => entry.isFile() || (entry.isSymbolicLink() && leadsToFile(join(folder, entry.name))),
        )
        .map(({ name }) => name),
    )
  } catch {
    // No such folder, or none that may be read: nothing is found in it.
    return new Set()
  }
}

function leadsToFile(link: string): boolean {
  return statSync(link, { throwIfNoEntry: false })?.isFile() === true
}
