/** getsockopt() and setsockopt() on a file descriptor, by koffi: an optional peer, loaded when first needed. */
import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { OptionNumber } from './option-numbers.ts';

export interface Kernel {
  /** The option's first integer, or the errno's name. */
  get(fd: number, option: OptionNumber): number | string;
  /** Null when the kernel took it, or the errno's name. */
  set(fd: number, option: OptionNumber, value: number): string | null;
  /** The first byte of an option that is a structure; null where the kernel does not tell. */
  firstByte(fd: number, option: OptionNumber): number | null;
}

/** The kernel's two calls, or in one sentence why they are out of reach. */
export function kernel(): Kernel | string {
  loaded ??= load();
  return loaded;
}
let loaded: Kernel | string | undefined;

/** The part of koffi's interface that is used here, the same in versions 2 and 3. */
interface Koffi {
  load(path: null): { func(prototype: string): (...args: readonly unknown[]) => number };
  errno(): number;
}

function load(): Kernel | string {
  if (process.platform === 'win32') return 'Node does not give away the socket handle on Windows';
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    // The program itself: the C library is part of it already.
    const program = koffi.load(null);
    return toKernel(
      koffi,
      program.func('int getsockopt(int fd, int level, int name, void *value, void *size)'),
      program.func('int setsockopt(int fd, int level, int name, void *value, uint32_t size)'),
    );
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') return 'the optional package koffi is not installed (npm install koffi)';
    return `koffi could not be loaded: ${String(message).split('\n')[0]}`;
  }
}

type Call = (...args: readonly unknown[]) => number;

function toKernel(koffi: Koffi, getsockopt: Call, setsockopt: Call): Kernel {
  const failure = (): string => getSystemErrorName(-koffi.errno());
  return {
    get(fd, { level, name }) {
      const value = new Int32Array(1);
      return getsockopt(fd, level, name, value, new Uint32Array([4])) === 0 ? value[0]! : failure();
    },
    set(fd, { level, name }, value) {
      return setsockopt(fd, level, name, new Int32Array([value]), 4) === 0 ? null : failure();
    },
    firstByte(fd, { level, name }) {
      const value = new Uint8Array(8);
      return getsockopt(fd, level, name, value, new Uint32Array([8])) === 0 ? value[0]! : null;
    },
  };
}
