/** Arithmetic on 32-bit sequence numbers, which wrap (RFC 9293, section 3.4). */

/** a - b as a signed number of bytes, -2^31 to 2^31-1; right while both lie within half the number space. */
export function seqDiff(a: number, b: number): number {
  return (a - b) | 0;
}

/** True when a comes before b. */
export function seqLt(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

/** True when a comes before b or equals it. */
export function seqLte(a: number, b: number): boolean {
  return ((a - b) | 0) <= 0;
}

/** The later of the two. */
export function seqMax(a: number, b: number): number {
  return ((a - b) | 0) < 0 ? b : a;
}

/** The earlier of the two. */
export function seqMin(a: number, b: number): number {
  return ((a - b) | 0) < 0 ? a : b;
}

/** The number `bytes` further on, 0 to 2^32-1; `bytes` may be negative. */
export function seqAdd(a: number, bytes: number): number {
  return (a + bytes) >>> 0;
}

/** True when a lies in the window of `size` bytes that starts at `left`. */
export function seqInWindow(a: number, left: number, size: number): boolean {
  return (a - left) >>> 0 < size;
}
