/** An even sample of a series of numbers in bounded memory: when full, every second one is dropped and from then on twice as many are skipped. */
export interface Sample {
  add(value: number): void;
  readonly values: readonly number[];
  /** Values that came. */
  readonly seen: number;
}

const MAX_VALUES = 1024;

/** Deterministic: the same series gives the same sample. */
export function createSample(): Sample {
  const values: number[] = [];
  let stride = 1;
  let seen = 0;
  return {
    add(value) {
      if (seen++ % stride !== 0) return;
      if (values.length === MAX_VALUES) {
        for (let at = 0; at < MAX_VALUES / 2; at++) values[at] = values[at * 2]!;
        values.length = MAX_VALUES / 2;
        stride *= 2;
        if ((seen - 1) % stride !== 0) return;
      }
      values.push(value);
    },
    values,
    get seen() {
      return seen;
    },
  };
}
