/**
 * Scenarios are made by a process that has namespaces of its own: of processes, networks and mounts. Whatever ends it, the
 * kernel ends every process below it and takes back networks, firewall rules and temporary files: nothing depends on an undo.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Interrupted } from './cleanup.ts';
import type { CleanupStack } from './cleanup.ts';
import { LAB_ENV } from './helper.ts';
import { OWNER } from './memory-group.ts';
import { packageRoot } from './package-root.ts';
import type { Point } from './scenario.ts';
import { UNSHARE } from './unshare.ts';
import type { Variation } from './variation.ts';

/** What a maker is told. */
export interface Order {
  readonly scenario: string;
  /** What must not matter is drawn from it; null: nothing varies. */
  readonly seed: number | null;
  /** Where the finished captures go. */
  readonly directory: string;
}

/** What a maker answers: captures, or why there are none. */
export type Delivery =
  | {
      readonly scenario: string;
      readonly captures: readonly { readonly point: Point; readonly path: string }[];
      readonly variation: Variation;
      readonly software: Readonly<Record<string, string>>;
    }
  | { readonly scenario: string; readonly failed: string };

/** Under /run `ip` keeps the names of network namespaces; temporary files are put there as well. */
const WITH_OWN_RUN = ['sh', '-c', 'mount -n -t tmpfs -o mode=755 firsthand-lab /run && exec "$@"', 'sh'];
/** Far beyond what undoing takes. */
const STOP_MS = 10_000;
const MAX_STDERR = 4000;

/** Makes scenarios, one at a time, in a process that is started when it is needed, and again when it was lost. */
export class Maker {
  readonly #cleanup: CleanupStack;
  #process: MakerProcess | null = null;

  /** The stack stops it. */
  constructor(cleanup: CleanupStack) {
    this.#cleanup = cleanup;
  }

  /** Rejects with `Interrupted` when it was stopped, and with the system's words where that gives no namespaces. */
  async make(order: Order): Promise<Delivery> {
    if (this.#process === null || this.#process.hasEnded) {
      this.#process = await MakerProcess.start(this.#cleanup);
    }
    return this.#process.make(order);
  }

  /** Ends the process, if there is one, and waits until the kernel has taken everything back. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }
}

class MakerProcess {
  readonly #child: ChildProcess;
  /** Rejects when the process ends. */
  readonly #lost: Promise<never>;
  #stderr = '';
  #stopped = false;

  static async start(cleanup: CleanupStack): Promise<MakerProcess> {
    const started = new MakerProcess();
    const { pid } = started.#child;
    if (pid !== undefined) cleanup.defer(`end process ${pid}, which makes scenarios`, () => started.stop());
    await started.#answer();
    return started;
  }

  private constructor() {
    const script = fileURLToPath(new URL(`maker-process${extname(import.meta.url)}`, import.meta.url));
    const loader = script.endsWith('.ts') ? ['--import', 'tsx'] : [];
    const argv = ['--pdeathsig', 'KILL', ...UNSHARE, ...WITH_OWN_RUN, process.execPath, ...loader, script];
    // A session of its own: no signal of the terminal reaches what is being made.
    this.#child = spawn('setpriv', argv, {
      cwd: packageRoot(),
      env: { ...LAB_ENV, TMPDIR: '/run', [OWNER]: String(process.pid) },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      detached: true,
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
    // Not 'close', which never comes once the parent itself has disconnected.
    this.#lost = once(this.#child, 'exit').then(async () => {
      // Killed just after it forked, unshare leaves a child that it would have taken along.
      if (this.#child.connected) this.#child.disconnect();
      const { stderr } = this.#child;
      if (stderr?.closed === false) await once(stderr, 'close');
      if (this.#stopped) throw new Interrupted('the end had come before');
      const [words] = this.#stderr.trim().split('\n');
      throw new Error(words || 'the process that made it ended');
    });
    // Nobody may be waiting.
    this.#lost.catch(() => {});
  }

  get hasEnded(): boolean {
    return !this.#child.connected;
  }

  async make(order: Order): Promise<Delivery> {
    const answer = this.#answer();
    // What goes wrong here ends the process, too.
    this.#child.send(order, () => {});
    try {
      return (await answer) as Delivery;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      return { scenario: order.scenario, failed: toMessage(error) };
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    if (this.#child.connected) this.#child.disconnect();
    const force = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(force);
  }

  async #answer(): Promise<unknown> {
    const [message] = (await Promise.race([once(this.#child, 'message'), this.#lost])) as [unknown];
    return message;
  }
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
