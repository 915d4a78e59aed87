import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';

import { follow, followOn, unfollow } from './follow-signal.ts';

it('keeps the latest thousand of those left behind, behind one listener', () => {
  const { signal, abort } = pair();
  const heard: number[] = [];
  for (let n = 0; n < 1500; n++) followOn(signal, () => heard.push(n));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  abort();
  expect(heard).toHaveLength(1000);
  expect(heard[0]).toBe(500);
});

it('forgets who no longer follows', () => {
  const { signal, abort } = pair();
  const heard: string[] = [];
  const gone = (): void => void heard.push('gone');
  follow(signal, gone);
  unfollow(signal, gone);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  follow(signal, ({ message }) => heard.push(message));
  abort();
  expect(heard).toEqual(['enough']);
});

function pair(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
}
