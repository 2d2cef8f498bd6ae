import { dirname } from 'node:path'
import { ts } from 'ts-morph'
import type { ReceiverRule } from '../model/dialect'
import type { SourceText } from '../model/source'
import type { DeclarationCache } from '../project/declaration-cache'
import { createModuleResolver } from '../project/resolve-module'
import type { Match } from './receiver-types'

/** The full type checker over the few files whose receivers no declaration of the package decides. Built on first use. */
export class CheckedReceivers {
  private built: { program: ts.Program; checker: ts.TypeChecker } | undefined

  constructor(
    private readonly tsconfigPath: string,
    private readonly files: readonly SourceText[],
    private readonly roots: readonly string[],
    private readonly declarations?: DeclarationCache,
  ) {}

  match(receiver: ts.Expression, rule: ReceiverRule): Match {
    const { program, checker } = this.built ?? this.build()
    const sourceFile = program.getSourceFile(receiver.getSourceFile().fileName)
    const node = sourceFile && nodeAt(sourceFile, receiver)
    if (node === undefined) return 'unknown'
    return matchType(checker.getTypeAtLocation(node), rule, checker, 0) ? 'yes' : 'no'
  }

  private build(): { program: ts.Program; checker: ts.TypeChecker } {
    const config = ts.readConfigFile(this.tsconfigPath, (path) => ts.sys.readFile(path))
    const parsed = ts.parseJsonConfigFileContent(config.config ?? {}, ts.sys, dirname(this.tsconfigPath))
    const options: ts.CompilerOptions = { ...parsed.options, noEmit: true, skipLibCheck: true, allowJs: true }
    const host = ts.createCompilerHost(options)
    this.declarations?.attach(host, options)
    const resolve = createModuleResolver(options, dirname(this.tsconfigPath), host)
    host.resolveModuleNameLiterals = (literals, fromFile, _redirected, fileOptions, sourceFile) =>
      literals.map((literal) => ({
        resolvedModule: resolve(
          literal.text,
          fromFile,
          ts.getModeForUsageLocation(sourceFile, literal, fileOptions),
        ),
      }))
    const texts = new Map(this.files.map((file) => [file.path, file.text]))
    const readFile = host.readFile.bind(host)
    host.readFile = (path) => texts.get(path) ?? readFile(path)
    const ambient = parsed.fileNames.filter((path) => path.endsWith('.d.ts'))
    const program = ts.createProgram({ rootNames: [...this.roots, ...ambient], options, host })
    this.built = { program, checker: program.getTypeChecker() }
    return this.built
  }
}

function matchType(type: ts.Type, rule: ReceiverRule, checker: ts.TypeChecker, depth: number): boolean {
  if (depth > 8 || (type.flags & ts.TypeFlags.Any) !== 0) return false
  const bare = checker.getNonNullableType(type)
  if (bare.isUnion())
    return bare.types.length > 0 && bare.types.every((part) => matchType(part, rule, checker, depth + 1))
  if (bare.isIntersection()) return bare.types.some((part) => matchType(part, rule, checker, depth + 1))
  const symbols = [bare.aliasSymbol, bare.getSymbol()].filter((symbol) => symbol !== undefined)
  if (symbols.some((symbol) => isNamed(symbol, rule))) return true
  if (rule.members !== undefined && rule.members.every((name) => bare.getProperty(name) !== undefined))
    return true
  return (
    bare.isClassOrInterface() &&
    checker.getBaseTypes(bare).some((base) => matchType(base, rule, checker, depth + 1))
  )
}

function isNamed(symbol: ts.Symbol, rule: ReceiverRule): boolean {
  return (
    rule.types?.some(
      ({ name, module }) => symbol.name === name && (module === undefined || isFromModule(symbol, module)),
    ) === true
  )
}

function isFromModule(symbol: ts.Symbol, module: string): boolean {
  const packageName = module.startsWith('@')
    ? module.split('/').slice(0, 2).join('/')
    : (module.split('/')[0] ?? module)
  const typesName = packageName.startsWith('@') ? packageName.slice(1).replace('/', '__') : packageName
  return (symbol.declarations ?? []).some((declaration) => {
    const path = declaration.getSourceFile().fileName
    if (path.includes(`/node_modules/${packageName}/`) || path.includes(`/node_modules/@types/${typesName}/`))
      return true
    const ambient = ts.findAncestor(declaration, ts.isModuleDeclaration)
    return ambient !== undefined && ambient.name.text === module
  })
}

/** The same node in another parse of the same text. */
function nodeAt(sourceFile: ts.SourceFile, original: ts.Node): ts.Node | undefined {
  let found: ts.Node | undefined
  const visit = (node: ts.Node): void => {
    if (node.pos > original.pos || node.end < original.end) return
    if (node.pos === original.pos && node.end === original.end && node.kind === original.kind) found = node
    else ts.forEachChild(node, visit)
  }
  visit(sourceFile)
  return found
}
