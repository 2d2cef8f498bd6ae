import ts from 'typescript'
import { walk } from '../analysis/syntax/syntax'
import type { CleanupContext } from './context'
import { isPassedOn } from './context'
import { exportedNames, isPublic, realUses, removeReexports, type ExportedName } from './exported-names'
import { refusalAt, type FileEdit, type Step } from './step'
import { removeExported } from './unused-exports'

/**
 * The team's own old connection layer: classes of a dialect, and what only makes or describes them. It goes when nothing outside of
 * it uses it any more, whoever stopped doing so.
 */
export function removeLegacyLayer(context: CleanupContext): readonly Step[] {
  const group = unusedGroup(context)
  const [first] = group
  if (first === undefined) return []
  const edits: FileEdit[] = []
  for (const exported of group) {
    const removal = removeExported(exported)
    const reexports = removeReexports(exported.name, context)
    if (removal === undefined || reexports === undefined) continue
    edits.push(removal, ...reexports)
  }
  const names = group.map(({ name }) => name.text).join(', ')
  const step = {
    kind: 'legacy-class',
    what: names,
    path: first.name.getSourceFile().fileName,
    start: first.name.getStart(),
  } as const
  return edits.length === 0 ? [] : [{ ...step, edits: mergeTouching(edits) }]
}

/** Where somebody still uses the old layer. */
export function refuseLegacyLayer(context: CleanupContext): void {
  const layer = layerOf(context)
  const names = new Set(layer.map(({ name }) => name))
  for (const exported of layer) {
    const outside = realUses(exported, context).filter((use) => !isWithin(use, layer))
    if (outside.length === 0 && isPublic(exported, context))
      context.refusals.push(refusalAt(exported.name, 'public-interface', exported.name.text))
    const files = new Set<string>()
    for (const use of outside) {
      const { fileName } = use.getSourceFile()
      if (names.has(use) || files.has(fileName)) continue
      files.add(fileName)
      context.refusals.push(refusalAt(use, 'legacy-class-used', exported.name.text))
    }
  }
}

/** What of the layer only the layer itself uses. */
function unusedGroup(context: CleanupContext): readonly ExportedName[] {
  let group = layerOf(context).filter((exported) => !isPublic(exported, context))
  for (;;) {
    const kept = group.filter((exported) => realUses(exported, context).every((use) => isWithin(use, group)))
    if (kept.length === group.length) return group
    group = kept
  }
}

function layerOf(context: CleanupContext): readonly ExportedName[] {
  const all = context.editable().flatMap((file) => exportedNames(file))
  const classes = all.filter(
    ({ declaration }) => ts.isClassDeclaration(declaration) && isLegacyClass(declaration, context),
  )
  const layer = [...classes]
  // What mentions one of them from outside of a call site: factories and the types that describe what they give.
  for (let grown = true; grown;) {
    grown = false
    for (const candidate of all) {
      if (layer.includes(candidate) || !mentionsOnlyToOffer(candidate, layer, context)) continue
      layer.push(candidate)
      grown = true
    }
  }
  return layer
}

/** A class that declares the members of a dialect itself. */
export function isLegacyClass(declaration: ts.ClassLikeDeclaration, context: CleanupContext): boolean {
  const members = new Set(
    declaration.members.flatMap(({ name }) =>
      name !== undefined && ts.isIdentifier(name) ? [name.text] : [],
    ),
  )
  return context.dialects.some(({ receiver }) => {
    const wanted = receiver.members ?? []
    return wanted.length > 0 && wanted.every((member) => members.has(member))
  })
}

/** A function that makes, or a type that names, a class of the layer, in a file beside it and without any use of its own elsewhere. */
function mentionsOnlyToOffer(
  { declaration, name }: ExportedName,
  layer: readonly ExportedName[],
  context: CleanupContext,
): boolean {
  const isKind =
    ts.isFunctionDeclaration(declaration) ||
    ts.isInterfaceDeclaration(declaration) ||
    ts.isTypeAliasDeclaration(declaration)
  if (!isKind) return false
  const folder = folderOf(name)
  let isOffer = false
  walk(declaration, (node) => {
    if (!ts.isIdentifier(node)) return undefined
    const target = layer.find((one) => one.name.text === node.text && folderOf(one.name) === folder)
    if (target !== undefined && context.symbolOf(node) === context.symbolOf(target.name)) isOffer = true
    return undefined
  })
  return isOffer
}

function folderOf(node: ts.Node): string {
  const { fileName } = node.getSourceFile()
  return fileName.slice(0, fileName.lastIndexOf('/'))
}

function isWithin(use: ts.Node, group: readonly ExportedName[]): boolean {
  return (
    (ts.isIdentifier(use) && isPassedOn(use)) ||
    group.some(
      ({ declaration }) =>
        declaration.getSourceFile() === use.getSourceFile() &&
        declaration.pos <= use.pos &&
        use.end <= declaration.end,
    )
  )
}

/** Neighbours that go together may claim the same blank line. */
export function mergeTouching(edits: readonly FileEdit[]): readonly FileEdit[] {
  const ordered = [...edits].sort((a, b) =>
    a.path === b.path ? a.start - b.start : a.path < b.path ? -1 : 1,
  )
  const merged: FileEdit[] = []
  for (const edit of ordered) {
    const last = merged.at(-1)
    if (last?.path === edit.path && edit.start < last.end && edit.text === '' && last.text === '')
      merged[merged.length - 1] = { ...last, end: Math.max(last.end, edit.end) }
    else merged.push(edit)
  }
  return merged
}
