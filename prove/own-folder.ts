/** A folder for what daemons put aside, gone however this process ends. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export interface OwnFolder {
  /** What `start` makes below `os.tmpdir()` lies in the folder. */
  with<T>(start: () => Promise<T>): Promise<T>;
  remove(): void;
}

/** Removed by `remove`, SIGINT or SIGTERM. */
export function ownFolder(name: string): OwnFolder {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), name));
  // Daemons run as users of their own.
  fs.chmodSync(folder, 0o755);
  const remove = (): void => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const onSignal = (signal: NodeJS.Signals): void => {
    remove();
    process.exit(128 + os.constants.signals[signal]);
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  return {
    async with(start) {
      const before = process.env['TMPDIR'];
      process.env['TMPDIR'] = folder;
      try {
        return await start();
      } finally {
        // Not for the processes that are started later: tsx keeps what it compiled there.
        if (before === undefined) delete process.env['TMPDIR'];
        else process.env['TMPDIR'] = before;
      }
    },
    remove() {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      remove();
    },
  };
}
