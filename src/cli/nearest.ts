/** The word that a mistyped one most probably meant: at most two edits away, or null. */
export function toNearest(typed: string, words: readonly string[]): string | null {
  let best: string | null = null;
  let bestEdits = Math.min(3, Math.ceil(typed.length / 2));
  for (const word of words) {
    const edits = countEdits(typed, word);
    if (edits < bestEdits) [best, bestEdits] = [word, edits];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function countEdits(a: string, b: string): number {
  const width = b.length + 1;
  const cost = Array.from({ length: (a.length + 1) * width }, () => 0);
  const at = (row: number, column: number): number => cost[row * width + column] ?? 0;
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j <= b.length; j++) {
      if (i === 0 || j === 0) {
        cost[i * width + j] = i + j;
        continue;
      }
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, at(i - 2, j - 2) + 1);
      cost[i * width + j] = edits;
    }
  }
  return at(a.length, b.length);
}
