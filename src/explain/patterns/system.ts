/** The operating system's own words, in any program: error codes, numbers and sentences, from the table of error numbers. */
import { ERRNOS } from '../../terms/errno.ts';
import type { Condition } from '../../terms/conditions.ts';
import type { Meaning, Pattern } from '../define.ts';
import * as means from '../meanings.ts';
import { says } from '../says.ts';

const MEANING_OF: Readonly<Record<Condition, Meaning>> = {
  reset: means.RESET,
  refused: means.REFUSED,
  'timed-out': means.TIMED_OUT,
  'broken-pipe': means.BROKEN_PIPE,
  aborted: means.ABORTED,
  closed: {
    ...means.OWN_CLOSE,
    condition: 'closed',
    what: 'The socket is not, or no longer, connected in the direction that was used: it was closed or shut down before.',
  },
  unreachable: means.UNREACHABLE,
  unknown: means.RESET,
};

/** Errors of a connection attempt, wherever the wording says so. */
const CONNECTING: readonly Pattern[] = [
  says(means.CONNECT_TIMEOUT, {
    id: 'system/connect-timed-out',
    program: 'any program',
    literals: ['timed out', 'etimedout'],
    regex:
      /\b(?:connect(?:ing|ion)?(?:\(\d?\))? (?:to|failed|attempt|error)\b.*|connect(?:\(\))?: )(?:Connection timed out|Operation timed out|ETIMEDOUT)/i,
    example: 'connect to 10.0.0.5 port 443 failed: Connection timed out',
    sources: ['errno(3)'],
  }),
];

export const SYSTEM: readonly Pattern[] = [
  ...CONNECTING,
  ...ERRNOS.map(({ code, linux, bsd, text, condition }) =>
    says(code === 'ENETRESET' ? means.KERNEL_TIMEOUT : MEANING_OF[condition], {
      id: `system/${code}`,
      program: 'any program',
      literals: [
        code.toLowerCase(),
        text.toLowerCase(),
        `errno ${linux}]`,
        `errno=${linux}`,
        `errno: ${linux}`,
        `errno: -${linux}`,
        `errno ${bsd}]`,
      ],
      regex: new RegExp(String.raw`\b${code}\b|${text}|\[?[Ee]rrno(?: |=|: -?)(?:${linux}|${bsd})\b`, 'i'),
      example: text,
      sources: ['errno(3)', 'include/uapi/asm-generic/errno.h'],
    }),
  ),
  says(means.TIMED_OUT, {
    id: 'system/operation-timed-out',
    program: 'any program on macOS and BSD',
    literals: ['operation timed out'],
    regex: /\bOperation timed out\b/,
    example: 'read: Operation timed out',
    sources: ['intro(2) of BSD'],
  }),
];
