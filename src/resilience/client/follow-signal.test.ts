import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';

import { createClient } from './create-client.ts';
import { follow, followOn, unfollow } from './follow-signal.ts';
import { startOrigin } from './testing/origin.ts';

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

it('a client listens to the signal of its options only while something is under way', async () => {
  const { signal, abort } = pair();
  const answers: (() => void)[] = [];
  const arrivals: (() => void)[] = [];
  const origin = await startOrigin((_n, _request, response) => {
    answers.push(() => response.end('ok'));
    arrivals.shift()?.();
  });
  const clients = Array.from({ length: 12 }, () => createClient({ retry: { signal } }));
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const ask = async (at: number): Promise<string> => (await clients[at]!.fetch(origin.url)).text();
  const arrived = Array.from({ length: 3 }, () => new Promise<void>((resolve) => arrivals.push(resolve)));
  const asked = [0, 1, 1].map(ask);
  await Promise.all(arrived);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  for (const answer of answers.splice(0)) answer();
  expect(await Promise.all(asked)).toEqual(['ok', 'ok', 'ok']);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  const again = new Promise<void>((resolve) => arrivals.push(resolve));
  const cut = ask(2);
  cut.catch(() => {});
  await again;
  abort();
  await expect(cut).rejects.toThrow();
  await Promise.all(clients.map((client) => client.destroy()));
  await origin.close();
});

function pair(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
}
