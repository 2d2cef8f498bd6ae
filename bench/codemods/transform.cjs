// What one would write with jscodeshift: text prefilter, then `pool.connect()` with its try and finally becomes a scoped connection. It
// knows names alone: no types, no control flow, nothing is proved.
const words = /\.(connect|getconn|getDbConnection|withConnection)\(/
const acquires = ['connect', 'getconn', 'getDbConnection']
const releases = ['release', 'putconn', 'releaseDbConnection']

module.exports = function transform(file, api) {
  if (!words.test(file.source)) return undefined
  const j = api.jscodeshift
  const root = j(file.source)
  let count = 0
  const service = () =>
    j.callExpression(j.memberExpression(j.identifier('connections'), j.identifier('connection')), [
      j.stringLiteral('general'),
    ])
  root.find(j.AwaitExpression, { argument: { type: 'CallExpression' } }).forEach((path) => {
    const { callee } = path.node.argument
    if (callee.type !== 'MemberExpression' || !acquires.includes(callee.property.name)) return
    path.node.argument = service()
    count++
  })
  root.find(j.TryStatement).forEach((path) => {
    const [statement] = path.node.finalizer?.body ?? []
    const call = statement?.expression
    if (call?.type === 'CallExpression' && releases.includes(call.callee.property?.name))
      path.node.finalizer = null
  })
  if (count === 0) return undefined
  const [first] = root.find(j.Program).get('body').value
  const from = j.importDeclaration(
    [j.importSpecifier(j.identifier('connections'))],
    j.stringLiteral('./database'),
  )
  from.comments = first?.comments
  if (first !== undefined) first.comments = null
  root.find(j.Program).get('body').value.unshift(from)
  return root.toSource()
}
