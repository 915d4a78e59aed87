/** TCP keep-alive with all its settings, on every Node: what Node cannot set is set by koffi, and all is read back. */
import type { Socket } from 'node:net';
import { carrierOf, descriptorOf, isTcp } from './carrier.ts';
import { type KeepAliveOptions, type KeepAliveSettings, toSettings } from './keep-alive-options.ts';
import { type Kernel, kernel } from './kernel.ts';
import { setNatively, setsProbes } from './native.ts';
import { PLATFORM_OPTIONS, type PlatformOptions } from './option-numbers.ts';

export type OptionName = keyof KeepAliveSettings;

export interface OptionResult {
  /** In the option's own unit: what the kernel says where it could be asked, else what was asked of it; null when not set. */
  readonly value: number | null;
  /** Who set it: Node, koffi, nobody yet because the socket is still connecting, or nobody. */
  readonly how: 'native' | 'koffi' | 'pending' | 'unavailable';
  /** True when getsockopt() confirmed the value. */
  readonly verified: boolean;
  /** Why it is not set or not verified; null when it is both. */
  readonly why: string | null;
}

export interface KeepAliveResult extends Readonly<Record<OptionName, OptionResult>> {
  /** True when all four are set. */
  readonly complete: boolean;
  /** The result once the socket is connected, or is closed without; at once this one when it is connected already. */
  readonly settled: Promise<KeepAliveResult>;
}

/**
 * Sets TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT and TCP_USER_TIMEOUT, or their kin on macOS, and says of each what came
 * of it. What the platform cannot do is part of the answer; only senseless options throw, a RangeError.
 *
 * A socket that is still connecting gets them when it is connected. They stay: later calls of `socket.setKeepAlive(true)`,
 * which http.Agent makes each time a socket becomes idle and which would put interval and count back to 1 s and 10, do
 * nothing. `socket.setKeepAlive(false)` ends keep-alive, a second keepAlive() changes it.
 *
 * @example
 * const { settled } = keepAlive(net.connect(5432, 'db'), { idleMs: 60_000, intervalMs: 15_000, count: 4 });
 * const { userTimeoutMs } = await settled; // { value: 120000, how: 'koffi', verified: true, why: null }
 */
export function keepAlive(socket: Socket, options?: KeepAliveOptions): KeepAliveResult {
  const settings = toSettings(options);
  if (socket.destroyed || !(socket.connecting || socket.pending)) return apply(socket, settings);
  // Of several calls the last counts, whichever listener runs first.
  wanted.set(socket, settings);
  const settled = new Promise<KeepAliveResult>((resolve) => {
    const settle = (): void => {
      socket.off('connect', settle).off('close', settle);
      resolve(apply(socket, wanted.get(socket) ?? settings));
    };
    // Before other listeners: they may already write, or ask.
    socket.prependListener('connect', settle);
    socket.on('close', settle);
  });
  return toResult(() => ({ value: null, how: 'pending', verified: false, why: 'the socket is connecting' }), settled);
}

const wanted = new WeakMap<Socket, KeepAliveSettings>();

function apply(socket: Socket, settings: KeepAliveSettings): KeepAliveResult {
  const carrier = carrierOf(socket);
  if (carrier.destroyed || socket.destroyed) return toResult(() => unavailable('the socket is closed'));
  if (!isTcp(carrier)) return toResult(() => unavailable('not a TCP socket'));
  release(socket);
  release(carrier);
  const refusal = setNatively(carrier, settings);
  const byKernel = kernelSetter(carrier, settings);
  if (refusal === null) {
    hold(carrier);
    if (socket !== carrier) hold(socket);
  } else if (typeof byKernel !== 'string') {
    byKernel.turnOn();
  }

  return toResult((name) => {
    const isNative = refusal === null && NATIVE[name]();
    if (typeof byKernel !== 'string') return byKernel.set(name, isNative);
    if (isNative) return { value: settings[name], how: 'native', verified: false, why: `not read back: ${byKernel}` };
    return unavailable(`${refusal ?? MISSING[name]}, and ${byKernel}`);
  });
}

const NATIVE: Readonly<Record<OptionName, () => boolean>> = {
  idleMs: () => true,
  intervalMs: () => setsProbes(),
  count: () => setsProbes(),
  userTimeoutMs: () => false,
};

const MISSING: Readonly<Record<OptionName, string>> = {
  idleMs: 'Node did not set it',
  intervalMs: `Node ${process.versions.node} always sets 1 second (24.19 and 26.4 take an interval)`,
  count: `Node ${process.versions.node} always sets 10 (24.19 and 26.4 take a count)`,
  userTimeoutMs: 'no version of Node sets it',
};

interface KernelSetter {
  turnOn(): void;
  set(name: OptionName, isNative: boolean): OptionResult;
}

/** Sets and reads back by system calls, or says why it cannot. */
function kernelSetter(carrier: Socket, settings: KeepAliveSettings): KernelSetter | string {
  const calls = kernel();
  if (typeof calls === 'string') return calls;
  const numbers = PLATFORM_OPTIONS[process.platform];
  if (numbers === undefined) return `the option numbers of ${process.platform} are not known here`;
  const fd = descriptorOf(carrier);
  if (fd === null) return 'Node does not give away the file descriptor';
  return {
    turnOn: () => calls.set(fd, numbers.on, 1),
    set: (name, isNative) => setOption(calls, fd, numbers, name, settings[name], isNative),
  };
}

function setOption(
  calls: Kernel,
  fd: number,
  numbers: PlatformOptions,
  name: OptionName,
  asked: number,
  isNative: boolean,
): OptionResult {
  const option = numbers[name];
  // Rounded up: a limit in seconds must not fire before one in milliseconds would.
  const value = Math.ceil(asked / option.unitMs);
  const confirmed = (how: 'native' | 'koffi'): OptionResult => ({
    value: value * option.unitMs,
    how,
    verified: true,
    why: null,
  });
  if (isNative && calls.get(fd, option) === value) return confirmed('native');
  const failure = calls.set(fd, option, value);
  if (failure !== null) return unavailable(`setsockopt failed with ${failure}`);
  const now = calls.get(fd, option);
  if (now === value) return confirmed('koffi');
  return unavailable(`setsockopt took ${value}, but getsockopt says ${now}`);
}

/** Keeps the settings: an own method shadows Node's until keep-alive is switched off or set anew. */
function hold(socket: Socket): void {
  const own = (...args: readonly unknown[]): Socket => {
    const [first] = args;
    const enable = typeof first === 'object' && first !== null ? (first as { enable?: unknown }).enable : first;
    if (!enable) {
      release(socket);
      socket.setKeepAlive(false);
    }
    return socket;
  };
  Object.defineProperty(socket, 'setKeepAlive', { value: own, configurable: true, writable: true });
  held.add(socket);
}

function release(socket: Socket): void {
  if (held.delete(socket)) Reflect.deleteProperty(socket, 'setKeepAlive');
}
const held = new WeakSet<Socket>();

function unavailable(why: string): OptionResult {
  return { value: null, how: 'unavailable', verified: false, why };
}

function toResult(of: (name: OptionName) => OptionResult, settled?: Promise<KeepAliveResult>): KeepAliveResult {
  const options: Record<OptionName, OptionResult> = {
    idleMs: of('idleMs'),
    intervalMs: of('intervalMs'),
    count: of('count'),
    userTimeoutMs: of('userTimeoutMs'),
  };
  const complete = Object.values(options).every(({ value }) => value !== null);
  const result: KeepAliveResult = {
    ...options,
    complete,
    get settled() {
      return settled ?? Promise.resolve(result);
    },
  };
  // Not shown when the result is printed: it would print the result again.
  Object.defineProperty(result, 'settled', { enumerable: false });
  return result;
}
