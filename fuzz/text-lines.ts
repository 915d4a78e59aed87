/** Lines of text for `explain` to start from: the error lines that its tests know, each with what it must say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Error and log lines of many programs. */
export function readLines(): readonly string[] {
  const table = readFileSync(join(import.meta.dirname, '../test/explain/lines.tsv'), 'utf8');
  return table
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((row) => row.split('\t').at(-1) ?? '')
    .filter((line) => line !== '');
}
