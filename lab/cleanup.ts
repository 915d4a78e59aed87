/** Undo in reverse order, whatever happens: return, exception, crash, a signal, or a reader that has gone. */
import { commandsDone } from './helper.ts';
import { removeLeftovers } from './leftovers.ts';

/** Whatever is still at work after the end has come; not a failure of its own. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export class CleanupStack {
  readonly #undos: { readonly what: string; readonly undo: () => unknown }[] = [];
  readonly #late: Promise<void>[] = [];
  #closed = false;
  /** One undoing follows the other: the exception that an undo causes asks for one, too. */
  #undoing: Promise<void> = Promise.resolve();

  /** Registers an undo; the last registered runs first. Once `run` has begun it runs at once, and whoever came late is stopped. */
  defer(what: string, undo: () => unknown): void {
    if (this.#closed) {
      this.#late.push(tryTo(what, undo));
      throw new Interrupted(`${what}: the end had come before`);
    }
    this.#undos.push({ what, undo });
  }

  /** Runs every undo once. A failing one is reported on stderr and does not stop the others. */
  run(): Promise<void> {
    this.#closed = true;
    this.#undoing = this.#undoing.then(() => this.#undoAll());
    return this.#undoing;
  }

  async #undoAll(): Promise<void> {
    for (let entry = this.#undos.pop(); entry !== undefined; entry = this.#undos.pop()) {
      await tryTo(entry.what, entry.undo);
    }
    for (let late = this.#late.pop(); late !== undefined; late = this.#late.pop()) await late;
  }
}

/** Exit code of each signal that ends the lab: 128 and its number. */
const EXIT_CODES: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGQUIT: 131,
  SIGTERM: 143,
};

/**
 * Runs `work` with a stack that is undone afterwards, also when a signal or a crash arrives first (then the process
 * exits), or when `gone` is aborted (then rejects with `Interrupted`). What a killed run left is removed before.
 */
export async function withCleanup<T>(work: (cleanup: CleanupStack) => Promise<T>, gone?: AbortSignal): Promise<T> {
  await removeLeftovers();
  const cleanup = new CleanupStack();
  let leaving = false;
  let said = false;
  const leave = (exitCode: number): void => {
    leaving = true;
    void unwind(cleanup).finally(() => process.exit(exitCode));
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!leaving) return leave(EXIT_CODES[signal] ?? 2);
    // Whoever presses Ctrl-C again wants to know why nothing seems to happen.
    if (!said) process.stderr.write('lab: removing what was made; this takes a moment\n');
    said = true;
  };
  const onCrash = (error: unknown): void => {
    if (leaving) return;
    if (isClosedPipe(error)) return leave(0);
    process.stderr.write(`lab: ${error instanceof Error ? error.stack : String(error)}\n`);
    leave(2);
  };
  const signals = Object.keys(EXIT_CODES) as NodeJS.Signals[];
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onCrash);
  const working = work(cleanup);
  try {
    return await (gone === undefined ? working : Promise.race([working, abortion(gone)]));
  } finally {
    working.catch(() => {});
    await unwind(cleanup);
    // Whoever leaves exits when all is undone, and with a code of its own.
    if (leaving) await new Promise(() => {});
    for (const signal of signals) process.off(signal, onSignal);
    process.off('uncaughtException', onCrash);
  }
}

/** A command that is still running may make something: it is waited for, and what it made is undone as well. */
async function unwind(cleanup: CleanupStack): Promise<void> {
  do {
    await commandsDone();
    await cleanup.run();
    await new Promise((resolve) => setImmediate(resolve));
  } while (await commandsDone());
  await cleanup.run();
}

async function tryTo(what: string, undo: () => unknown): Promise<void> {
  try {
    await undo();
  } catch (error) {
    process.stderr.write(`lab: undoing "${what}" failed: ${String(error)}\n`);
  }
}

function abortion(gone: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const stop = (): void => reject(new Interrupted('nobody reads any more'));
    if (gone.aborted) stop();
    else gone.addEventListener('abort', stop, { once: true });
  });
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
