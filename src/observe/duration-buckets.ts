/** The upper bounds that the conventions give for `db.client.operation.duration`, in seconds; ours for every duration. */
export const durationBuckets: readonly number[] = Object.freeze([
  0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10,
])
