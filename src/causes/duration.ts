/** Durations in words, for sentences of the report. */

/** Milliseconds for people: `50 µs`, `12 ms`, `3.2 s`, `4.1 min`, `18.2 h`. */
export function ms(value: number): string {
  if (value < 0.1) return `${Math.round(value * 1000)} µs`;
  if (value < 1) return `${value.toFixed(2)} ms`;
  if (value < 1000) return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  if (value < 120_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} s`;
  if (value < 7_200_000) return `${(value / 60_000).toFixed(1)} min`;
  return `${(value / 3_600_000).toFixed(1)} h`;
}

/** `once`, `twice`, `3 times`. */
export function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}
