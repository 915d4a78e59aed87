/** FIRSTHAND_REPORT=file.ndjson: one JSON line for each failure, whole lines, a bounded number of them. */
import { appendFileSync, writeSync } from 'node:fs';
import { recordOf } from './annotate.ts';
import type { FirsthandRecord } from './record.ts';

const MAX_LINES = 10_000;

/** Returns what to call with each failure; lines are written after the current turn and at exit. */
export function reportFile(path: string): (error: Error, record: FirsthandRecord) => void {
  let waiting: { readonly error: Error; readonly record: FirsthandRecord }[] = [];
  let taken = 0;
  let scheduled = false;
  let broken = false;

  const flush = (): void => {
    scheduled = false;
    const lines = waiting.map(({ error, record }) => `${JSON.stringify(recordOf(error) ?? record)}\n`);
    waiting = [];
    if (broken || lines.length === 0) return;
    try {
      // One append: O_APPEND keeps the lines of several processes whole.
      appendFileSync(path, lines.join(''));
    } catch (error) {
      broken = true;
      complain(`firsthand: FIRSTHAND_REPORT ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  };
  process.on('exit', flush);

  return (error, record) => {
    if (broken || taken >= MAX_LINES) return;
    taken++;
    waiting.push({ error, record });
    if (scheduled) return;
    scheduled = true;
    // Unref'd: the report keeps no process alive; what waits at the end is written at exit.
    setImmediate(flush).unref();
  };
}

/** Not a process warning: programs may throw from their 'warning' listener. */
function complain(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // Standard error is closed: nobody to tell.
  }
}
