import type ts from 'typescript'

/** `acquire().then((c) => work(c).finally(() => release(c)))`: a scope written as a chain. */
export interface ReleasingChain {
  readonly acquire: ts.CallExpression
  readonly callback: ts.ArrowFunction
  /** `work(c).finally(…)` */
  readonly released: ts.CallExpression
  /** `work(c)` */
  readonly work: ts.Expression
}
