/** Undo in reverse order, whatever happens: return, exception, crash, SIGINT or SIGTERM. */
export class CleanupStack {
  readonly #undos: { readonly what: string; readonly undo: () => unknown }[] = [];

  /** Registers an undo; the last registered runs first. */
  defer(what: string, undo: () => unknown): void {
    this.#undos.push({ what, undo });
  }

  /** Runs every undo once. A failing one is reported on stderr and does not stop the others. */
  async run(): Promise<void> {
    for (let entry = this.#undos.pop(); entry !== undefined; entry = this.#undos.pop()) {
      try {
        await entry.undo();
      } catch (error) {
        process.stderr.write(`lab: undoing "${entry.what}" failed: ${String(error)}\n`);
      }
    }
  }
}

/** Runs `work` with a stack that is undone afterwards, also when SIGINT or SIGTERM arrives first (then exits 128 + signal). */
export async function withCleanup<T>(work: (cleanup: CleanupStack) => Promise<T>): Promise<T> {
  const cleanup = new CleanupStack();
  const onSignal = (signal: NodeJS.Signals): void => {
    void cleanup.run().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  const onCrash = (error: unknown): void => {
    process.stderr.write(`lab: ${error instanceof Error ? error.stack : String(error)}\n`);
    void cleanup.run().finally(() => process.exit(2));
  };
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  process.once('uncaughtException', onCrash);
  try {
    return await work(cleanup);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    process.off('uncaughtException', onCrash);
    await cleanup.run();
  }
}
