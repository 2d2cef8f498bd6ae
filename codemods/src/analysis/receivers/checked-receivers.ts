import { dirname } from 'node:path'
import ts from 'typescript'
import type { ReceiverRule } from '../../model/dialect'
import type { SourceText } from '../../model/source'
import type { DeclarationCache } from '../../project/declaration-cache'
import { createModuleResolver } from '../../project/resolve-module'
import { importClosure } from '../modules/import-closure'
import { originModule } from './origin-module'
import type { Match } from './receiver-types'

interface Built {
  readonly program: ts.Program
  readonly checker: ts.TypeChecker
  /** Whether everything that could be imported is there. */
  readonly isComplete: boolean
  /** Whether a module is there; Node's own are not. */
  hasModule(specifier: string): boolean
}

/** How many imports away from the files in question is looked first; what that leaves open is asked of everything they lead to. */
const nearDepth = 3

/**
 * The type checker over the few files whose receivers no declaration of the package decides, built on first use. It begins with what lies
 * near those files: of a large package most is never read.
 */
export class CheckedReceivers {
  private near: Built | undefined
  private full: Built | undefined
  private readonly sourceFiles = new Map<string, ts.SourceFile | undefined>()

  constructor(
    private readonly tsconfigPath: string,
    private readonly files: readonly SourceText[],
    private readonly roots: readonly string[],
    private readonly declarations?: DeclarationCache,
  ) {}

  match(receiver: ts.Expression, rule: ReceiverRule): Match {
    this.near ??= this.build(nearDepth)
    const match = matchIn(this.near, receiver, rule)
    if (match !== 'unknown') return match
    const origin = originModule(this.nodeOf(receiver) ?? receiver, this.near.checker)
    const isNowhere = origin !== undefined && !origin.startsWith('.') && !this.near.hasModule(origin)
    if (isNowhere) return 'no'
    const whole = this.near.isComplete ? this.near : (this.full ??= this.build(Infinity))
    const last = whole === this.near ? match : matchIn(whole, receiver, rule)
    if (last !== 'unknown') return last
    // Code without annotations has no types to ask for, and shows itself by what it does.
    return origin === undefined && isUntyped(whole, receiver) ? 'unknown' : 'no'
  }

  private nodeOf(receiver: ts.Expression): ts.Expression | undefined {
    const sourceFile = this.near?.program.getSourceFile(receiver.getSourceFile().fileName)
    const node = sourceFile && nodeAt(sourceFile, receiver)
    return node as ts.Expression | undefined
  }

  private build(depth: number): Built {
    const config = ts.readConfigFile(this.tsconfigPath, (path) => ts.sys.readFile(path))
    const parsed = ts.parseJsonConfigFileContent(config.config ?? {}, ts.sys, dirname(this.tsconfigPath))
    const options: ts.CompilerOptions = {
      ...parsed.options,
      noEmit: true,
      skipLibCheck: true,
      allowJs: true,
      // what the language and Node declare is large, and nothing in it is a pool
      noLib: true,
      types: [],
    }
    const host = ts.createCompilerHost(options)
    this.declarations?.attach(host, options)
    const texts = new Map(this.files.map((file) => [file.path, file.text]))
    const readFile = host.readFile.bind(host)
    host.readFile = (path) => texts.get(path) ?? readFile(path)
    const ambient = parsed.fileNames.filter((path) => path.endsWith('.d.ts'))
    const rootNames = [...this.roots, ...ambient]
    const resolve = createModuleResolver(options, dirname(this.tsconfigPath), host)
    const closure = importClosure(rootNames, depth, {
      resolve: (specifier, fromFile) => resolve(specifier, fromFile)?.resolvedFileName,
      read: (path) => host.readFile(path),
    })
    const isNear = (path: string | undefined): boolean => path !== undefined && closure.files.has(path)
    host.resolveModuleNameLiterals = (literals, fromFile, _redirected, fileOptions, sourceFile) =>
      literals.map((literal) => {
        const mode = ts.getModeForUsageLocation(sourceFile, literal, fileOptions)
        const resolvedModule = resolve(literal.text, fromFile, mode)
        const isFollowed = depth === Infinity || isNear(resolvedModule?.resolvedFileName)
        return { resolvedModule: isFollowed ? resolvedModule : undefined }
      })
    host.resolveTypeReferenceDirectiveReferences = (references) =>
      references.map(() => ({ resolvedTypeReferenceDirective: undefined }))
    this.shareSources(host)
    const program = ts.createProgram({ rootNames, options, host })
    return {
      program,
      checker: program.getTypeChecker(),
      isComplete: closure.isComplete,
      hasModule: (name) => !closure.missing.has(name),
    }
  }

  /** A file is parsed once, however often a program is built. */
  private shareSources(host: ts.CompilerHost): void {
    const read = host.getSourceFile.bind(host)
    host.getSourceFile = (fileName, version, onError, createsNew) => {
      if (!this.sourceFiles.has(fileName))
        this.sourceFiles.set(fileName, read(fileName, version, onError, createsNew))
      return this.sourceFiles.get(fileName)
    }
  }
}

/** `unknown` where the type is not to be had from what was read. */
function matchIn({ program, checker }: Built, receiver: ts.Expression, rule: ReceiverRule): Match {
  const sourceFile = program.getSourceFile(receiver.getSourceFile().fileName)
  const node = sourceFile && nodeAt(sourceFile, receiver)
  if (node === undefined) return 'unknown'
  const type = checker.getTypeAtLocation(node)
  if (matchType(type, rule, checker, 0)) return 'yes'
  return isOpen(type, checker, 0) ? 'unknown' : 'no'
}

function isUntyped({ program, checker }: Built, receiver: ts.Expression): boolean {
  const sourceFile = program.getSourceFile(receiver.getSourceFile().fileName)
  const node = sourceFile && nodeAt(sourceFile, receiver)
  return node !== undefined && (checker.getTypeAtLocation(node).flags & ts.TypeFlags.Any) !== 0
}

/** Whether a part of the type, or something that it extends, is not known. */
function isOpen(type: ts.Type, checker: ts.TypeChecker, depth: number): boolean {
  if ((type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown | ts.TypeFlags.TypeParameter)) !== 0) return true
  if (depth > 8) return false
  if (type.isUnionOrIntersection()) return type.types.some((part) => isOpen(part, checker, depth + 1))
  if (!type.isClassOrInterface()) return false
  const declared = (type.symbol.declarations ?? []).flatMap((declaration) =>
    ts.isClassLike(declaration) || ts.isInterfaceDeclaration(declaration)
      ? (declaration.heritageClauses ?? []).flatMap((clause) => clause.types)
      : [],
  )
  const bases = checker.getBaseTypes(type)
  return bases.length < declared.length || bases.some((base) => isOpen(base, checker, depth + 1))
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
