/** Socket option numbers by platform. They are part of each kernel's binary interface and never change. */

export interface OptionNumber {
  readonly level: number;
  readonly name: number;
  /** Milliseconds that one unit of the kernel's value stands for; 1 for counts and for what counts milliseconds itself. */
  readonly unitMs: number;
}

export interface PlatformOptions {
  readonly on: OptionNumber;
  readonly idleMs: OptionNumber;
  readonly intervalMs: OptionNumber;
  readonly count: OptionNumber;
  readonly userTimeoutMs: OptionNumber;
  /** TCP_INFO, whose first byte is the state of the connection, where there is one. */
  readonly info: OptionNumber | null;
}

const IPPROTO_TCP = 6;

/** include/uapi/asm-generic/socket.h and include/uapi/linux/tcp.h. */
const LINUX: PlatformOptions = {
  on: { level: 1, name: 9, unitMs: 1 },
  idleMs: { level: IPPROTO_TCP, name: 4, unitMs: 1000 },
  intervalMs: { level: IPPROTO_TCP, name: 5, unitMs: 1000 },
  count: { level: IPPROTO_TCP, name: 6, unitMs: 1 },
  userTimeoutMs: { level: IPPROTO_TCP, name: 18, unitMs: 1 },
  info: { level: IPPROTO_TCP, name: 11, unitMs: 1 },
};

/**
 * sys/socket.h and netinet/tcp.h of macOS: TCP_KEEPALIVE, TCP_KEEPINTVL, TCP_KEEPCNT, and TCP_RXT_CONNDROPTIME (in
 * seconds), the kin of TCP_USER_TIMEOUT. From the headers: never run on macOS, which is why each value is read back.
 */
const DARWIN: PlatformOptions = {
  on: { level: 0xff_ff, name: 0x8, unitMs: 1 },
  idleMs: { level: IPPROTO_TCP, name: 0x10, unitMs: 1000 },
  intervalMs: { level: IPPROTO_TCP, name: 0x1_01, unitMs: 1000 },
  count: { level: IPPROTO_TCP, name: 0x1_02, unitMs: 1 },
  userTimeoutMs: { level: IPPROTO_TCP, name: 0x80, unitMs: 1000 },
  info: null,
};

/** The option numbers of the platforms that koffi is used on. Windows is none: Node does not give its handles away. */
export const PLATFORM_OPTIONS: Readonly<Partial<Record<NodeJS.Platform, PlatformOptions>>> = {
  linux: LINUX,
  android: LINUX,
  darwin: DARWIN,
};
