import ts from 'typescript'
import type { CleanupContext } from './context'

const facadeNames = ['InfraDelegate', 'ResilientPoolManager', 'DelegatePool'] as const

/** A type of the ferry's old API. */
export function isFacadeType(type: ts.Type, context: CleanupContext): boolean {
  const symbol = context.checker.getNonNullableType(type).getSymbol()
  return (
    symbol !== undefined &&
    (facadeNames as readonly string[]).includes(symbol.name) &&
    (symbol.declarations ?? []).some((declaration) => isOfFerry(declaration))
  )
}

/** Declared by the package of the ferry, installed or linked. */
export function isOfFerry(declaration: ts.Node): boolean {
  const path = declaration.getSourceFile().fileName
  return (
    /\/ferry\/legacy-api\//.test(path) ||
    /\/node_modules\/pgferry\//.test(path) ||
    isLegacyModule(declaration)
  )
}

function isLegacyModule(declaration: ts.Node): boolean {
  const ambient = ts.findAncestor(declaration, ts.isModuleDeclaration)
  return ambient?.name.text === 'pgferry/legacy'
}

/** A type through which connections were taken the old way: of a dialect, by name or by its members. */
export function isLegacyType(type: ts.Type, context: CleanupContext): boolean {
  const bare = context.checker.getNonNullableType(type)
  if (bare.isUnion()) return bare.types.some((part) => isLegacyType(part, context))
  const symbol = bare.getSymbol()
  return context.dialects.some(({ receiver }) => {
    const isNamed =
      symbol !== undefined &&
      receiver.types?.some(({ name, module }) => name === symbol.name && isFromModule(symbol, module)) ===
        true
    return isNamed || (receiver.members?.every((member) => bare.getProperty(member) !== undefined) ?? false)
  })
}

function isFromModule(symbol: ts.Symbol, module: string | undefined): boolean {
  if (module === undefined) return true
  const [name = module] = module.split('/')
  return (symbol.declarations ?? []).some((declaration) =>
    declaration.getSourceFile().fileName.includes(`/${name}/`),
  )
}
