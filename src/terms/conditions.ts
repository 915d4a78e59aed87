/**
 * The conditions that error messages mix up and this project never does.
 * refused: a RST answered the SYN. timed-out: silence. reset: a RST after establishment.
 * broken-pipe: writing on a connection whose RST was already reported. aborted: this side gave up by itself.
 * closed: the peer's FIN arrived where more was expected.
 */
export const CONDITIONS = [
  'refused',
  'timed-out',
  'reset',
  'broken-pipe',
  'aborted',
  'closed',
  'unreachable',
  'unknown',
] as const;
export type Condition = (typeof CONDITIONS)[number];
