/** One source file as read from disk; offsets of edits count in `text` (a BOM, if any, is its first character). */
export interface SourceText {
  /** Absolute path. */
  readonly path: string
  /** Relative to the root, with forward slashes; what reports show. */
  readonly relativePath: string
  readonly text: string
}

/** The files of one package that the text prefilter let through, and what the type checker needs for them. */
export interface PackageSources {
  readonly name: string
  /** Absolute path of the package folder. */
  readonly path: string
  readonly files: readonly SourceText[]
  /** Absolute path of the nearest tsconfig.json; absent in JavaScript packages. */
  readonly tsconfigPath?: string
}
