/** The error numbers that a TCP connection can die with, by platform, and the condition each one states. */
import type { Condition } from './conditions.ts';

export interface Errno {
  readonly code: string;
  /** Linux number on x86-64 and arm64 (include/uapi/asm-generic/errno.h). */
  readonly linux: number;
  /** macOS and BSD number (sys/errno.h). */
  readonly bsd: number;
  /** Winsock number, or null where Winsock has no such error. */
  readonly windows: number | null;
  /** The C library's wording. */
  readonly text: string;
  readonly condition: Condition;
}

export const ERRNOS: readonly Errno[] = [
  { code: 'ECONNRESET', linux: 104, bsd: 54, windows: 10054, text: 'Connection reset by peer', condition: 'reset' },
  { code: 'ECONNREFUSED', linux: 111, bsd: 61, windows: 10061, text: 'Connection refused', condition: 'refused' },
  { code: 'ETIMEDOUT', linux: 110, bsd: 60, windows: 10060, text: 'Connection timed out', condition: 'timed-out' },
  { code: 'EPIPE', linux: 32, bsd: 32, windows: null, text: 'Broken pipe', condition: 'broken-pipe' },
  {
    code: 'ECONNABORTED',
    linux: 103,
    bsd: 53,
    windows: 10053,
    text: 'Software caused connection abort',
    condition: 'aborted',
  },
  {
    code: 'ENOTCONN',
    linux: 107,
    bsd: 57,
    windows: 10057,
    text: 'Transport endpoint is not connected',
    condition: 'closed',
  },
  {
    code: 'ESHUTDOWN',
    linux: 108,
    bsd: 58,
    windows: 10058,
    text: 'Cannot send after transport endpoint shutdown',
    condition: 'closed',
  },
  {
    code: 'ENETRESET',
    linux: 102,
    bsd: 52,
    windows: 10052,
    text: 'Network dropped connection on reset',
    condition: 'timed-out',
  },
  {
    code: 'ENETUNREACH',
    linux: 101,
    bsd: 51,
    windows: 10051,
    text: 'Network is unreachable',
    condition: 'unreachable',
  },
  { code: 'EHOSTUNREACH', linux: 113, bsd: 65, windows: 10065, text: 'No route to host', condition: 'unreachable' },
];
