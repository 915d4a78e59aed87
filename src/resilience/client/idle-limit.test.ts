import { describe, expect, it } from 'vitest';
import { idleLimitMs } from './idle-limit.ts';

const OWN = { idleMs: null, marginMs: 1000 };

describe('idleLimitMs', () => {
  it.each([
    ['timeout=5', OWN, 0, 4000],
    ['timeout=5, max=100', OWN, 0, 4000],
    ['max=100, Timeout = 65', OWN, 0, 64_000],
    ['timeout=5', OWN, 1500.2, 3499],
    ['timeout=1', OWN, 0, 0],
    ['timeout=0', OWN, 0, 0],
    ['timeout=2', OWN, 9000, 0],
    ['timeout=99999999999999999999', OWN, 0, 600_000],
    ['timeout=65', { idleMs: 30_000, marginMs: 1000 }, 0, 30_000],
    ['timeout=5', { idleMs: 30_000, marginMs: 500 }, 0, 4500],
    [undefined, OWN, 0, 4000],
    ['', OWN, 0, 4000],
    ['max=100', OWN, 0, 4000],
    ['xtimeout=60', OWN, 0, 4000],
    [undefined, { idleMs: 30_000, marginMs: 1000 }, 0, 30_000],
  ])('hint %j, settings %j, round trip %d ms: %d ms', (hint, settings, roundTripMs, expected) => {
    expect(idleLimitMs(hint, settings, roundTripMs)).toBe(expected);
  });
});
