import { isAfterClose } from './text-names.ts';
import type { Reset } from './types.ts';

/** Frames of the RSTs that found nothing to end: behind the one that ended the connection, or behind both sides’ close. */
export function lateFrames(reset: Reset): ReadonlySet<number> {
  const { rsts } = reset;
  const closed = isAfterClose(reset);
  const end = rsts.findIndex(({ ended, effect }) => ended && effect === 'accepted');
  const behind = closed ? rsts : end < 0 ? [] : rsts.slice(end + 1);
  return new Set(behind.filter(({ effect }) => effect === 'ignored').map(({ frame }) => frame));
}
