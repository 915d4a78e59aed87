import { describe, expect, it } from 'vitest';
import type { Scenario } from './scenario.ts';
import { PLAIN, drawVariation, randomFrom } from './variation.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

function scenario(fields: Partial<Scenario> = {}): Pick<Scenario, 'id' | 'ports' | 'fixed'> {
  return { id: 'unread-data/any', ...fields };
}

describe('a variation', () => {
  it('depends on the seed and the scenario, and on nothing else', () => {
    expect(drawVariation(7, scenario())).toEqual(drawVariation(7, scenario()));
    expect(drawVariation(7, scenario())).not.toEqual(drawVariation(8, scenario()));
    expect(drawVariation(7, scenario())).not.toEqual(drawVariation(7, scenario({ id: 'linger-zero/any' })));
  });

  it('leaves alone what the scenario fixes, and draws the rest as before', () => {
    for (const seed of SEEDS) {
      const free = drawVariation(seed, scenario());
      const { timestamps, offloads, snapBytes, ...rest } = drawVariation(
        seed,
        scenario({ fixed: ['timestamps', 'offloads', 'snap'] }),
      );
      expect({ timestamps, offloads, snapBytes }).toEqual({ timestamps: true, offloads: false, snapBytes: 256 });
      expect(free).toMatchObject(rest);
      const v4 = drawVariation(seed, scenario({ fixed: ['family'] }));
      expect([v4.family, v4.loopback.split('.')[0]]).toEqual([4, '127']);
      expect({ ...v4, family: free.family, loopback: free.loopback, networks: free.networks }).toEqual(free);
    }
  });

  it('comes in every kind', () => {
    const drawn = SEEDS.map((seed) => drawVariation(seed, scenario()));
    expect(new Set(drawn.map(({ family }) => family))).toEqual(new Set([4, 6]));
    expect(new Set(drawn.map(({ timestamps }) => timestamps))).toEqual(new Set([true, false]));
    expect(new Set(drawn.map(({ offloads }) => offloads))).toEqual(new Set([true, false]));
    expect(new Set(drawn.map(({ snapBytes }) => snapBytes))).toContain(PLAIN.snapBytes);
    expect(new Set(drawn.map(({ snapBytes }) => snapBytes)).size).toBe(4);
    for (const { delaysMs } of drawn) {
      expect(Math.min(delaysMs.client, delaysMs.server)).toBeGreaterThanOrEqual(1);
      expect(Math.max(delaysMs.client, delaysMs.server)).toBeLessThanOrEqual(40);
    }
  });

  it('has addresses of its family, in two networks', () => {
    for (const seed of SEEDS) {
      const { family, networks, loopback } = drawVariation(seed, scenario());
      expect(networks.client).not.toBe(networks.server);
      for (const prefix of [networks.client, networks.server]) {
        expect(`${prefix}2`).toMatch(family === 6 ? /^[\da-f:]+$/ : /^(?:\d{1,3}\.){3}2$/);
      }
      expect(loopback).toMatch(family === 6 ? /^::1$/ : /^127\./);
    }
  });

  it('has as many different ports as the scenario wants, below the ephemeral ones', () => {
    for (const seed of SEEDS) {
      const { ports } = drawVariation(seed, scenario({ ports: 12 }));
      expect(new Set(ports).size).toBe(12);
      expect(Math.max(...ports!)).toBeLessThan(32_768);
    }
  });
});

describe('randomFrom', () => {
  it('fills the unit interval evenly', () => {
    const random = randomFrom('any text');
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw++) tenths[Math.floor(random() * 10)]!++;
    for (const count of tenths) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
