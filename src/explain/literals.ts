/**
 * Many literals searched in one pass (Aho and Corasick, CACM 18(6), 1975), without regard to the case of ASCII letters.
 * The time does not depend on the number of literals; a look-up a byte.
 */

export interface LiteralScanner {
  /** Indexes of the literals that occur, each once, in order of first occurrence. */
  findAll(text: string): number[];
  /** Where the first occurrence of any literal ends within `bytes[from, to)`, or -1. */
  firstEnd(bytes: Uint8Array, from: number, to: number): number;
}

/** The automaton for literals of ASCII characters, upper case counting as lower; at most some thousands of them. */
export function toScanner(literals: readonly string[]): LiteralScanner {
  const { classOf, classes } = toClasses(literals);
  const automaton = toAutomaton(literals, classOf, classes);
  const { hits } = automaton;
  const rows = toRows(automaton, classes);
  return {
    findAll(text) {
      const found: number[] = [];
      let row = 0;
      for (let at = 0; at < text.length; at++) {
        row = rows[(row & ROW) + classOf[text.charCodeAt(at) & 0xff]!]!;
        if (row >= 0) continue;
        for (const literal of hits[(row & ROW) / classes]!) if (!found.includes(literal)) found.push(literal);
      }
      return found;
    },
    firstEnd(bytes, from, to) {
      let row = 0;
      for (let at = from; at < to; at++) {
        row = rows[(row & ROW) + classOf[bytes[at]!]!]!;
        if (row < 0) return at + 1;
      }
      return -1;
    },
  };
}

const ROW = 0x7fff_ffff;

/** The steps with states as offsets of their row, and the sign set where a literal ends: one look-up a byte. */
function toRows({ next, hits }: Automaton, classes: number): Int32Array {
  return Int32Array.from(next, (state) => (state * classes) | ((hits[state]?.length ?? 0) > 0 ? ~ROW : 0));
}

/** Every character that occurs in a literal is a class of its own, all others are class 0. */
function toClasses(literals: readonly string[]): { readonly classOf: Uint8Array; readonly classes: number } {
  const classOf = new Uint8Array(256);
  let classes = 1;
  for (const char of new Set(literals.join(''))) {
    const code = char.charCodeAt(0);
    if (code >= 128) throw new RangeError(`literal with ${JSON.stringify(char)}: only ASCII is searched`);
    classOf[code] = classes;
    classOf[char.toUpperCase().charCodeAt(0)] = classes;
    classes++;
  }
  return { classOf, classes };
}

interface Automaton {
  /** The next state by state and class. */
  readonly next: Uint16Array;
  /** Literals that end in a state. */
  readonly hits: readonly (readonly number[])[];
}

function toAutomaton(literals: readonly string[], classOf: Uint8Array, classes: number): Automaton {
  const states = 1 + literals.reduce((sum, literal) => sum + literal.length, 0);
  if (states > 0xffff) throw new RangeError(`literals of ${states} characters: 65535 at most`);
  const next = new Uint16Array(states * classes);
  const hits: number[][] = [[]];
  for (const [index, literal] of literals.entries()) {
    let state = 0;
    for (let at = 0; at < literal.length; at++) {
      const slot = state * classes + classOf[literal.charCodeAt(at)]!;
      if (next[slot] === 0) next[slot] = hits.push([]) - 1;
      state = next[slot]!;
    }
    hits[state]!.push(index);
  }
  addFailures(next, hits, classes);
  return { next, hits };
}

/** Breadth first: the missing steps of a state are those of its longest proper suffix, which is shallower. */
function addFailures(next: Uint16Array, hits: number[][], classes: number): void {
  const failure = new Uint16Array(hits.length);
  const queue = [0];
  for (let head = 0; head < queue.length; head++) {
    const state = queue[head]!;
    for (let kind = 0; kind < classes; kind++) {
      const slot = state * classes + kind;
      const suffix = state === 0 ? 0 : next[failure[state]! * classes + kind]!;
      const child = next[slot]!;
      if (child === 0) {
        next[slot] = suffix;
      } else {
        failure[child] = suffix;
        hits[child]!.push(...hits[suffix]!);
        queue.push(child);
      }
    }
  }
}
