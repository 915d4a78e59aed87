/** The hash of a connection's 4-tuple, the same for both directions, so that a packet needs no order of its ends. */

/** Half of the hash: one end. */
export function endHash(address: number, port: number): number {
  const h = Math.imul(address ^ Math.imul(port, 0x9e3779b1), 0x85ebca6b);
  return Math.imul(h ^ (h >>> 15), 0xc2b2ae35);
}

/** Hash of a tuple given as two addresses (or host ids) and both ports in one word, sender first. */
export function tupleHash(src: number, dst: number, ports: number): number {
  const sum = endHash(src, ports >>> 16) + endHash(dst, ports & 0xffff);
  return sum ^ (sum >>> 16);
}
