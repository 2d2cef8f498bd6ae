import { lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import type { Dirent } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'
import { CodemodError, describeCause } from './codemod-error'
import { compareText, isInside } from './find-workspace'
import type { GitIgnore } from './gitignore'
import { enterFolder, isIgnored, readGitIgnoreUpwards } from './gitignore'

/** What a walk found below one package. */
export interface WalkedSources {
  /** Absolute and real paths, ordered by name. */
  readonly files: readonly string[]
  /** Sources that nobody of the team wrote or edits, which are left out. */
  readonly leftOut: Readonly<Record<LeftOutKind, readonly string[]>>
}

export type LeftOutKind = 'generated' | 'vendored'

export interface WalkOptions {
  /** Absolute path that no symbolic link may lead out of. */
  readonly root: string
  readonly includeTests: boolean
  /** Absolute paths of folders that belong to somebody else. */
  readonly foreignFolders: readonly string[]
  /** Real paths that were reached through a link before, by this package or another one; added to. */
  readonly claimed: Set<string>
  /** Folder names that the package asked for although they are usually left out. */
  readonly wantedFolders: ReadonlySet<string>
}

const dependencies = new Set(['node_modules', 'bower_components', 'jspm_packages'])
const buildOutput = new Set(['dist', 'build', 'out', 'coverage'])
const folderKinds: Readonly<Record<string, LeftOutKind>> = {
  vendor: 'vendored',
  vendored: 'vendored',
  third_party: 'vendored',
  'third-party': 'vendored',
  generated: 'generated',
  __generated__: 'generated',
}
/** `test`, `__tests__`, and folders that say it behind what they are for: `helpers.test` */
const testFolder = /^(tests?|__tests__)$|\.(test|spec)s?$/

const sourceFile = /\.[cm]?[jt]sx?$/
const declarationFile = /\.d\.([^.]+\.)?[cm]?ts$/

/**
 * Every source file below `directory` that people work on. Dependencies, build output, hidden folders, declarations and whatever
 * .gitignore names are not looked into; a repository inside is, if nothing says otherwise. A symbolic link is followed once, and only
 * to places inside the root that would not be seen anyway.
 *
 * @throws CodemodError `READ_FAILED` naming a folder that cannot be read.
 */
export function walkSources(directory: string, options: WalkOptions): WalkedSources {
  const walk = new Walk(realpathSync(directory), options)
  walk.enter(walk.top, readGitIgnoreUpwards(dirname(walk.top)), undefined)
  return { files: walk.files.sort(compareText), leftOut: walk.leftOut }
}

class Walk {
  readonly files: string[] = []
  readonly leftOut: Record<LeftOutKind, string[]> = { generated: [], vendored: [] }
  private readonly root: string
  private readonly foreign: ReadonlySet<string>

  constructor(
    readonly top: string,
    private readonly options: WalkOptions,
  ) {
    this.root = realpathSync(options.root)
    this.foreign = new Set(options.foreignFolders)
  }

  /** @param above the rules that hold for the folder itself; those in it come on top. */
  enter(folder: string, above: GitIgnore | undefined, kind: LeftOutKind | undefined): void {
    const entries = readFolder(folder)
    const ignore = enterFolder(folder, above, new Set(entries.map(({ name }) => name)))
    for (const entry of entries) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) this.enterChild(path, ignore, kind)
      else if (entry.isFile()) this.add(path, ignore, kind)
      else if (entry.isSymbolicLink()) this.follow(path, ignore)
    }
  }

  private enterChild(path: string, ignore: GitIgnore | undefined, kind: LeftOutKind | undefined): void {
    const name = basename(path)
    if (dependencies.has(name) || name.startsWith('.') || this.foreign.has(path)) return
    const isWanted = this.options.wantedFolders.has(name)
    if (buildOutput.has(name) && !isWanted) return
    if (testFolder.test(name) && !this.options.includeTests) return
    if (isIgnored(path, true, ignore)) return
    this.enter(path, ignore, kind ?? (isWanted ? undefined : folderKinds[name]))
  }

  private add(path: string, ignore: GitIgnore | undefined, kind: LeftOutKind | undefined): void {
    const name = basename(path)
    if (!sourceFile.test(name) || declarationFile.test(name) || name.startsWith('pgferry.config.')) return
    if (!this.options.includeTests && /\.(test|spec)(-d)?\./.test(name)) return
    if (isIgnored(path, false, ignore) || !this.claim(path)) return
    const found = kind ?? kindOf(name)
    if (found === undefined) this.files.push(path)
    else this.leftOut[found].push(path)
  }

  /** Where the link leads decides; the link itself is never read or written through. */
  private follow(link: string, ignore: GitIgnore | undefined): void {
    if (isIgnored(link, false, ignore)) return
    const target = statSync(link, { throwIfNoEntry: false })
    if (target === undefined) return
    const real = realpathSync(link)
    const isSeenAnyway = [this.top, ...this.foreign].some((folder) => isInside(folder, real))
    const isElsewhere = !isInside(this.root, real) || real.split(sep).some((part) => dependencies.has(part))
    if (isSeenAnyway || isElsewhere || isInside(real, this.top) || this.options.claimed.has(real)) return
    if (target.isFile()) this.add(real, ignore, undefined)
    else if (target.isDirectory()) {
      this.options.claimed.add(real)
      this.enterChild(real, readGitIgnoreUpwards(real), undefined)
    }
  }

  /** Whether a file is new: several links may lead to one, to the file itself and to a folder above it. */
  private claim(path: string): boolean {
    const { claimed } = this.options
    if (isInside(this.top, path)) return true
    const isNew = !claimed.has(path)
    claimed.add(path)
    return isNew
  }
}

function readFolder(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => compareText(a.name, b.name))
  } catch (cause) {
    // one that went away while we looked holds nothing
    if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return []
    throw new CodemodError('READ_FAILED', `${folder} cannot be read: ${describeCause(cause)}`, [], { cause })
  }
}

function kindOf(name: string): LeftOutKind | undefined {
  if (name.includes('.generated.')) return 'generated'
  return /[.-]min\.[cm]?js$/.test(name) ? 'vendored' : undefined
}
