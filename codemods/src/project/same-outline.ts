import ts from 'typescript'

/**
 * Whether two texts of a TypeScript file plainly show the same to others: they differ in nothing but imports and the bodies of functions
 * that say what they return. False means unknown.
 */
export function haveSameOutline(path: string, before: string, after: string): boolean {
  // in JavaScript a body says what its object has
  if (!/\.[cm]?tsx?$/.test(path)) return false
  const one = outlineOf(path, before)
  const other = outlineOf(path, after)
  if (one.rest !== other.rest) return false
  const differing = [...symmetricDifference(one.imports, other.imports)]
  return differing.every((imported) => {
    // imported for its effects alone
    if (imported.names.length === 0) return false
    return imported.names.every((name) => !mentions(one.rest, name))
  })
}

interface Outline {
  readonly imports: readonly Imported[]
  /** Everything else, bodies left out. */
  readonly rest: string
}

interface Imported {
  readonly text: string
  /** What it is called here. */
  readonly names: readonly string[]
}

function outlineOf(path: string, text: string): Outline {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, false)
  const imports: Imported[] = []
  const kept: string[] = []
  let at = 0
  const leaveOut = (start: number, end: number, mark: string): void => {
    kept.push(text.slice(at, start), mark)
    at = end
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      leaveOut(node.getStart(file), node.end, '')
      imports.push(...importsOf(node, file))
      return
    }
    const body = hiddenBody(node)
    if (body !== undefined) {
      // parameters come before the body and may hold functions themselves
      ts.forEachChild(node, (child) => {
        if (child !== body) visit(child)
      })
      leaveOut(body.pos, body.end, '{}')
      return
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  kept.push(text.slice(at))
  return { imports, rest: kept.join('').replace(/\s+/g, ' ').trim() }
}

/** The body of a function that says what it returns. */
function hiddenBody(node: ts.Node): ts.Block | undefined {
  const isPlain =
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isFunctionExpression(node) ||
    ts.isArrowFunction(node)
  if (!isPlain || node.type === undefined || node.body === undefined) return undefined
  return ts.isBlock(node.body) ? node.body : undefined
}

/** One entry a name, so that a name that is added to an import is the only difference. */
function importsOf(node: ts.ImportDeclaration, file: ts.SourceFile): readonly Imported[] {
  const { importClause } = node
  const from = node.moduleSpecifier.getText(file)
  if (importClause === undefined) return [{ text: from, names: [] }]
  const named: Imported[] = []
  const add = (name: ts.Identifier, how: string): void => {
    const clause = String(importClause.phaseModifier ?? '')
    named.push({ text: `${clause} ${how} ${name.text} ${from}`, names: [name.text] })
  }
  if (importClause.name !== undefined) add(importClause.name, 'default')
  const bindings = importClause.namedBindings
  if (bindings !== undefined && ts.isNamespaceImport(bindings)) add(bindings.name, '*')
  else for (const one of bindings?.elements ?? []) add(one.name, one.getText(file))
  return named
}

function symmetricDifference(one: readonly Imported[], other: readonly Imported[]): readonly Imported[] {
  const texts = [one, other].map((list) => new Set(list.map(({ text }) => text)))
  return [
    ...one.filter(({ text }) => texts[1]?.has(text) !== true),
    ...other.filter(({ text }) => texts[0]?.has(text) !== true),
  ]
}

function mentions(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    const [before, behind] = [text.charAt(at - 1), text.charAt(at + name.length)]
    if (!isNamePart(before) && !isNamePart(behind)) return true
  }
  return false
}

function isNamePart(character: string): boolean {
  return /[\p{ID_Continue}$]/u.test(character)
}
