/** Seeded mutations of captures: a fault that the fuzzer finds comes back with the same seed. */

/** A source of random numbers below `limit`; the same seed gives the same numbers. */
export type Random = (limit: number) => number;

/** Mulberry32: small, fast, and good enough to choose mutations. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** A changed copy of the bytes: one to eight mutations, half of them where `hot` says that the headers are. */
export function mutate(bytes: Uint8Array, random: Random, hot: ArrayLike<number> = []): Uint8Array<ArrayBuffer> {
  let mutated = Uint8Array.from(bytes);
  const place = (limit: number): number => {
    const at = hot.length > 0 && random(2) === 0 ? hot[random(hot.length)]! : random(limit);
    return Math.min(at, limit - 1);
  };
  for (let count = 1 + random(8); count > 0; count--) {
    const mutation = MUTATIONS[random(MUTATIONS.length)];
    if (mutated.length > 0 && mutation !== undefined) mutated = mutation(mutated, random, place(mutated.length));
  }
  return mutated;
}

type Mutation = (bytes: Uint8Array<ArrayBuffer>, random: Random, at: number) => Uint8Array<ArrayBuffer>;

/** Values at which lengths, counters and signs go wrong. */
const EDGES = [
  0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x40000, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff,
];

const MUTATIONS: readonly Mutation[] = [
  (bytes, random, at) => bytes.with(at, random(256)),
  (bytes, random, at) => bytes.with(at, (bytes[at] ?? 0) ^ (1 << random(8))),
  (bytes, random, at) => bytes.with(at, (bytes[at] ?? 0) + (random(2) === 0 ? 1 : 255)),
  (bytes, random, at) => {
    if (at + 4 <= bytes.length)
      new DataView(bytes.buffer).setUint32(at, EDGES[random(EDGES.length)] ?? 0, random(2) === 0);
    return bytes;
  },
  (bytes, random, at) => {
    if (at + 2 <= bytes.length)
      new DataView(bytes.buffer).setUint16(at, (EDGES[random(EDGES.length)] ?? 0) & 0xffff, random(2) === 0);
    return bytes;
  },
  (bytes, random) => (random(4) === 0 ? bytes.slice(0, random(bytes.length)) : bytes),
  (bytes, random, at) => joined(bytes.subarray(0, at), bytes.subarray(at + random(100))),
  (bytes, random, at) =>
    joined(
      bytes.subarray(0, at),
      Uint8Array.from({ length: random(100) }, () => random(256)),
      bytes.subarray(at),
    ),
  (bytes, random, at) => {
    const from = random(bytes.length);
    return joined(bytes.subarray(0, at), bytes.subarray(from, from + random(500)), bytes.subarray(at));
  },
  (bytes, random, at) => bytes.fill(random(2) * 255, at, at + random(64)),
];

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
