import ts from 'typescript'
import { isWithin, type ReleaseUse } from '../connection/bracket'
import { commentsBetween } from '../syntax/comments'
import { absentTestOf } from '../paths/given-tests'
import { asksFor, conjunctsOf, isReleaseOnly } from '../connection/release-forms'
import { unwrapExpression, walk } from '../syntax/syntax'

export interface GuardQuery {
  readonly given: ts.Identifier
  readonly statement: ts.Statement
  readonly name: ts.Identifier
  readonly checker: ts.TypeChecker
}

/** The condition of the release, when it says "none was given" and nothing more than "there is one". */
export function guardOf(
  block: ts.Block,
  release: ReleaseUse,
  query: GuardQuery,
): { readonly flag?: ts.VariableDeclaration } | undefined {
  const answers: { readonly flag?: ts.VariableDeclaration }[] = []
  const isGuard = (condition: ts.Expression): boolean =>
    conjunctsOf(condition).every((one) => {
      const said = saysAbsent(one, query)
      if (said === undefined) return asksFor(one, release.node.text)
      answers.push(said)
      return true
    })
  if (!isReleaseOnly(block, release, isGuard)) return undefined
  return answers.find(({ flag }) => flag !== undefined) ?? answers[0]
}

function saysAbsent(
  condition: ts.Expression,
  { given, statement, name, checker }: GuardQuery,
): { readonly flag?: ts.VariableDeclaration } | undefined {
  const symbol = checker.getSymbolAtLocation(given)
  const asked = absentTestOf(condition)
  // `if (!client)` behind `client ??= …` asks for another value.
  if (asked !== undefined)
    return checker.getSymbolAtLocation(asked) === symbol && given.text !== name.text ? {} : undefined
  const bare = unwrapExpression(condition)
  const flag = ts.isIdentifier(bare) ? checker.getSymbolAtLocation(bare)?.valueDeclaration : undefined
  if (flag === undefined || !ts.isVariableDeclaration(flag) || flag.initializer === undefined)
    return undefined
  const isConstant = (flag.parent.flags & ts.NodeFlags.Const) !== 0
  const tested = absentTestOf(flag.initializer)
  if (!isConstant || tested === undefined || checker.getSymbolAtLocation(tested) !== symbol) return undefined
  return flag.end <= statement.pos || given.text !== name.text ? { flag } : undefined
}

/** The flag's statement, when the release was the only one to ask for it. */
export function removableFlag(
  flag: ts.VariableDeclaration,
  finallyBlock: ts.Block,
  scope: ts.Node,
  checker: ts.TypeChecker,
): ts.VariableStatement | undefined {
  const list = flag.parent
  if (!ts.isVariableDeclarationList(list) || list.declarations.length !== 1) return undefined
  const statement = list.parent
  if (!ts.isVariableStatement(statement)) return undefined
  const symbol = checker.getSymbolAtLocation(flag.name)
  const askers: ts.Node[] = []
  walk(scope, (node) => {
    if (!ts.isIdentifier(node) || node === flag.name || isWithin(node, finallyBlock)) return undefined
    const found = ts.isShorthandPropertyAssignment(node.parent)
      ? checker.getShorthandAssignmentValueSymbol(node.parent)
      : checker.getSymbolAtLocation(node)
    if (found === symbol) askers.push(node)
    return undefined
  })
  const isPlain = commentsBetween(flag.getSourceFile(), statement.getStart(), statement.end).length === 0
  return askers.length > 0 || !isPlain ? undefined : statement
}
