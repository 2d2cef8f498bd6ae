/** The known name that a mistyped one most probably meant; undefined when none is near. */
export function nearestName(received: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(received.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(received.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

/** ` Did you mean "x"?` or nothing, ready to append to a message. */
export function didYouMean(received: string, known: readonly string[]): string {
  const nearest = nearestName(received, known)
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const substituted = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      current.push(Math.min(substituted, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[right.length] ?? 0
}
