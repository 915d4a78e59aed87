/** Drives tools/puppet.py: sockets of another process, in any network namespace, one call at a time. */
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { CleanupStack } from './cleanup.ts';
import { startHelper } from './helper.ts';
import type { Helper } from './helper.ts';
import { packageRoot } from './package-root.ts';

type Arguments = Readonly<Record<string, string | number | boolean>>;

/** The TCP states that scenarios wait for, numbered as in include/net/tcp_states.h. */
export const TCP_STATE = { established: 1, finWait2: 5, closeWait: 8 } as const;

/** A socket call in the puppet failed; `code` is the errno's name. */
export class PuppetError extends Error {
  readonly code: string;
  constructor(op: string, code: string) {
    super(`${op}: ${code}`);
    this.code = code;
  }
}

/** A process that holds sockets and does with them what it is told. */
export class Puppet {
  readonly helper: Helper;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #calls = 0;

  constructor(helper: Helper) {
    this.helper = helper;
    createInterface({ input: helper.child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as { call: number; value?: unknown; error?: string; op?: string };
      const waiting = this.#waiting.get(answer.call);
      this.#waiting.delete(answer.call);
      if (answer.error === undefined) waiting?.resolve(answer.value);
      else waiting?.reject(new PuppetError(answer.op ?? '', answer.error));
    });
    helper.child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new PuppetError('puppet', `ended ${helper.stderr()}`));
    });
  }

  /** One call of an operation of puppet.py. */
  call(op: string, args: Arguments = {}): Promise<unknown> {
    const call = ++this.#calls;
    if (this.helper.ended()) return Promise.reject(new PuppetError(op, 'the puppet has ended'));
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.helper.child.stdin!.write(`${JSON.stringify({ call, op, ...args })}\n`);
    });
  }

  async listen(host: string, port: number, options: Arguments = {}): Promise<PuppetListener> {
    return new PuppetListener(this, (await this.call('listen', { host, port, ...options })) as number);
  }

  async connect(host: string, port: number, options: Arguments = {}): Promise<PuppetSocket> {
    const made = (await this.call('connect', { host, port, ...options })) as { id: number; port: number };
    return new PuppetSocket(this, made.id, made.port);
  }
}

/** A listening socket of a puppet. */
export class PuppetListener {
  readonly #puppet: Puppet;
  readonly #id: number;
  constructor(puppet: Puppet, id: number) {
    this.#puppet = puppet;
    this.#id = id;
  }

  async accept(): Promise<PuppetSocket> {
    const made = (await this.#puppet.call('accept', { id: this.#id })) as { id: number; port: number };
    return new PuppetSocket(this.#puppet, made.id, made.port);
  }

  async close(): Promise<void> {
    await this.#puppet.call('close', { id: this.#id });
  }
}

/** A connected socket of a puppet; `port` is the client's port. */
export class PuppetSocket {
  readonly port: number;
  readonly #puppet: Puppet;
  readonly #id: number;
  constructor(puppet: Puppet, id: number, port: number) {
    this.#puppet = puppet;
    this.#id = id;
    this.port = port;
  }

  /** One call of an operation on this socket. */
  call(op: string, args: Arguments = {}): Promise<unknown> {
    return this.#puppet.call(op, { id: this.#id, ...args });
  }

  async send(text: string): Promise<void> {
    await this.call('send', { text });
  }

  async receive(): Promise<string> {
    return (await this.call('recv')) as string;
  }

  /** close(): FIN, or RST when data is unread. */
  async close(): Promise<void> {
    await this.call('close');
  }

  /** close() with SO_LINGER 0. */
  async abort(): Promise<void> {
    await this.call('abort');
  }

  /** Forgets the connection without sending anything (TCP_REPAIR). */
  async vanish(): Promise<void> {
    await this.call('vanish');
  }

  /** Waits until the kernel's state of this socket is `state`. */
  async state(state: number): Promise<void> {
    await this.call('wait_state', { state });
  }

  /** Waits for the socket to die; the errno's name. */
  async death(timeoutMs = 30_000): Promise<string> {
    return (await this.call('wait_error', { timeoutMs })) as string;
  }
}

/** Starts a puppet, inside a network namespace when one is named. */
export async function startPuppet(cleanup: CleanupStack, namespace?: string): Promise<Puppet> {
  const script = join(packageRoot(), 'lab', 'tools', 'puppet.py');
  return new Puppet(await startHelper(cleanup, 'python3', [script], namespace));
}
