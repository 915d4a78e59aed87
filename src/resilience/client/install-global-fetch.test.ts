import { afterEach, beforeEach, expect, it } from 'vitest';

import type { Client } from './create-client.ts';
import { installGlobalFetch } from './install-global-fetch.ts';

const before = globalThis.fetch;
let a: Client;
let b: Client;
beforeEach(() => {
  [a, b] = [aClient(), aClient()];
});
afterEach(() => {
  globalThis.fetch = before;
});

function aClient(): Client {
  return { fetch: (...given: Parameters<typeof fetch>) => before(...given) } as unknown as Client;
}

it('taken back in the order of the installs, the later one stays and its undo brings back the first of all', () => {
  const undoA = installGlobalFetch(a);
  const undoB = installGlobalFetch(b);
  undoA();
  expect(globalThis.fetch).toBe(b.fetch);
  undoB();
  expect(globalThis.fetch).toBe(before);
});

it('the same client twice is taken back twice', () => {
  const undoFirst = installGlobalFetch(a);
  const undoSecond = installGlobalFetch(a);
  undoFirst();
  undoFirst();
  expect(globalThis.fetch).toBe(a.fetch);
  undoSecond();
  expect(globalThis.fetch).toBe(before);
});

it('leaves what others put over it', () => {
  const undoA = installGlobalFetch(a);
  const { fetch: other } = aClient();
  globalThis.fetch = other;
  const undoB = installGlobalFetch(b);
  undoA();
  undoB();
  expect(globalThis.fetch).toBe(other);
});

it('refuses what has no fetch', () => {
  expect(() => installGlobalFetch(undefined as never)).toThrow(/client is undefined: what createClient/);
});
