/** FIRSTHAND_SUMMARY: what was seen, by cause and peer, on standard error. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import type { FirsthandRecord } from './record.ts';

const MAX_ROWS = 50;

/** Returns what to call with each failure. `1` prints on SIGUSR2 and at exit, `exit` only at exit. */
export function summary(mode: string): (error: Error, record: FirsthandRecord) => void {
  const rows = new Map<string, number>();
  let failures = 0;
  const print = (): void => {
    try {
      writeSync(2, render(rows, failures));
    } catch {
      // Standard error is closed: nobody to tell.
    }
  };
  process.on('exit', print);
  // A signal handler replaces the default, which is to end the process: only when asked, and once.
  if (mode === '1' && isMainThread && process.platform !== 'win32') process.on('SIGUSR2', print);
  return (_error, { cause, code, peer, pipe }) => {
    failures++;
    const place = pipe ?? `${peer.address ?? peer.host ?? 'unknown'} port ${peer.port ?? '?'}`;
    const row = `${cause}, ${code}, ${place}`;
    // Peers may be any number: the last row gathers those past the limit.
    const key = rows.has(row) || rows.size < MAX_ROWS ? row : 'others';
    rows.set(key, (rows.get(key) ?? 0) + 1);
  };
}

function render(rows: ReadonlyMap<string, number>, failures: number): string {
  const lines = [...rows]
    .sort(([, a], [, b]) => b - a)
    .map(([row, count]) => `  ${String(count).padStart(6)}  ${row}\n`);
  return `firsthand: ${failures === 0 ? 'no' : failures} failed connection${failures === 1 ? '' : 's'}\n${lines.join('')}`;
}
