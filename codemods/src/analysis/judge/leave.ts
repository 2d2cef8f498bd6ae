import ts from 'typescript'
import type { Dialect } from '../../model/dialect'
import type { ReasonCode } from '../../model/site'
import { isListedMethod } from './given-function'

/** What a name stands for: the connection, what gives it back, an object around one of them, a function that mentions one. */
export type Followed = 'connection' | 'release' | 'holder' | 'function'

/** A place at which a connection goes to another owner. */
export interface Leave {
  readonly reason: ReasonCode
  readonly node: ts.Node
  readonly note: string
  /** Given to a function that may only borrow it. */
  readonly isLent: boolean
}

/** `const { release } = client` */
export function releaseTakenOut(pattern: ts.BindingPattern, dialect: Dialect): readonly ts.Identifier[] {
  return pattern.elements.flatMap((element) => {
    if (!ts.isBindingElement(element) || !ts.isIdentifier(element.name)) return []
    const taken = element.propertyName ?? element.name
    return isListedMethod(dialect, 'connection', taken.getText()) ? [element.name] : []
  })
}
