/** One line on a terminal that says how far the reading is; rewritten in place, erased at the end. */
import type { Io } from './io.ts';

export interface Progress {
  update(state: {
    readonly path: string;
    readonly bytes: number;
    readonly totalBytes: number | null;
    readonly packets: number;
  }): void;
  /** Erases the line, if there is one. */
  end(): void;
}

const QUIET_MS = 500;
const REDRAW_MS = 100;

/** Nothing is drawn off a terminal or during the first half second. */
export function startProgress({ stderr, now }: Io): Progress {
  const startMs = now();
  let drawnMs = -Infinity;
  return {
    update: ({ path, bytes, totalBytes, packets }) => {
      if (!stderr.isTTY) return;
      const nowMs = now();
      if (nowMs - startMs < QUIET_MS || nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const share = totalBytes
        ? `${Math.min(100, Math.floor((bytes / totalBytes) * 100))}%`
        : `${Math.floor(bytes / 1e6)} MB`;
      const count = packets > 0 ? `  ${packets.toLocaleString('en-US')} packets` : '';
      const line = `${path}  ${share}${count}`.replace(/\p{C}/gu, '?');
      stderr.write(`\r\u001b[K${line.slice(0, (stderr.columns ?? 80) - 1)}`);
    },
    end: () => {
      if (drawnMs > -Infinity) stderr.write('\r\u001b[K');
      drawnMs = -Infinity;
    },
  };
}
