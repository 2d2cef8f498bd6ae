import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

interface IgnoreRule {
  readonly pattern: RegExp
  readonly isNegated: boolean
  readonly isForFolders: boolean
}

/** The rules of one .gitignore, and of those above it. */
export interface GitIgnore {
  /** Absolute path of the folder that the rules count from. */
  readonly folder: string
  readonly rules: readonly IgnoreRule[]
  readonly parent: GitIgnore | undefined
}

/**
 * The rules that hold in `folder`, from every .gitignore up to the repository's root, and its own `.git/info/exclude`. A person's
 * global rules do not count: results are the same on every machine.
 */
export function readGitIgnoreUpwards(folder: string): GitIgnore | undefined {
  const isTop = existsSync(join(folder, '.git')) || dirname(folder) === folder
  return enterFolder(folder, isTop ? undefined : readGitIgnoreUpwards(dirname(folder)))
}

/**
 * The rules in `folder` when those of its parent are known. A repository inside another one starts afresh.
 *
 * @param names what the folder holds, where that is known: most hold neither rules nor a repository.
 */
export function enterFolder(
  folder: string,
  parent: GitIgnore | undefined,
  names?: ReadonlySet<string>,
): GitIgnore | undefined {
  const isRepository = names?.has('.git') ?? existsSync(join(folder, '.git'))
  const above = isRepository ? excludesOf(folder) : parent
  if (names?.has('.gitignore') === false) return above
  return readRules(folder, join(folder, '.gitignore'), above) ?? above
}

/** Whether git would leave a path out that it does not track already. The last rule that fits decides, the nearest file first. */
export function isIgnored(path: string, isFolder: boolean, ignore: GitIgnore | undefined): boolean {
  for (let level = ignore; level !== undefined; level = level.parent) {
    const relativePath = path.slice(level.folder.length + (level.folder.endsWith('/') ? 0 : 1))
    const decisive = level.rules.findLast(
      (rule) => (isFolder || !rule.isForFolders) && rule.pattern.test(relativePath),
    )
    if (decisive !== undefined) return !decisive.isNegated
  }
  return false
}

function excludesOf(folder: string): GitIgnore | undefined {
  return readRules(folder, join(folder, '.git', 'info', 'exclude'), undefined)
}

function readRules(folder: string, path: string, parent: GitIgnore | undefined): GitIgnore | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    // none here, or none that we may read: it ignores nothing
    return undefined
  }
  const rules = text.split(/\r?\n/).flatMap(parseRule)
  return rules.length === 0 ? undefined : { folder, rules, parent }
}

function parseRule(line: string): IgnoreRule[] {
  const trimmed = line.replace(/^\uFEFF/, '').replace(/(?<!\\)\s+$/, '')
  if (trimmed === '' || trimmed.startsWith('#')) return []
  const isNegated = trimmed.startsWith('!')
  const bare = isNegated ? trimmed.slice(1) : trimmed
  const isForFolders = bare.endsWith('/')
  const glob = bare.replace(/\/+$/, '')
  if (glob === '') return []
  // with a slash at the beginning or in the middle a pattern counts from its own folder
  const isAnchored = glob.includes('/')
  const body = toPattern(glob.replace(/^\//, ''))
  const pattern = patternOf(`^${isAnchored ? '' : '(?:.*/)?'}${body}$`)
  return pattern === undefined ? [] : [{ pattern, isNegated, isForFolders }]
}

/** Undefined for a pattern that git would not understand either, such as a class that runs backwards. */
function patternOf(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 's')
  } catch {
    // matches nothing, as in git
    return undefined
  }
}

function toPattern(glob: string): string {
  const token = /\/\*\*\/|^\*\*\/|\/\*\*$|\*+|\?|\[!?\]?[^\]]*\]|\\(.)|[^]/g
  return glob.replace(token, (part, escaped: string | undefined) => {
    if (escaped !== undefined) return quote(escaped)
    if (part === '/**/') return '/(?:.*/)?'
    if (part === '**/') return '(?:.*/)?'
    if (part === '/**') return '/.+'
    if (part.startsWith('*')) return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 1) return part.replace(/^\[!/, '[^').replace(/\\/g, '\\\\')
    return quote(part)
  })
}

function quote(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
