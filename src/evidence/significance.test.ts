import { describe, expect, it } from 'vitest';
import { binomialTail, clustersByChance, fisher, lnChoose } from './significance.ts';

describe('fisher', () => {
  it('gives the lady tasting tea her 1 in 70', () => {
    expect(fisher(4, 4, 0, 4)).toBeCloseTo(1 / 70, 12);
    expect(fisher(3, 4, 1, 4)).toBeCloseTo(17 / 70, 12);
  });
  it('is certain of nothing where both share the mark alike', () => {
    expect(fisher(0, 9, 0, 120)).toBe(1);
    expect(fisher(9, 9, 120, 120)).toBe(1);
    expect(fisher(5, 10, 50, 100)).toBeGreaterThan(0.5);
  });
  it('stays finite over a million', () => {
    expect(fisher(5000, 5000, 0, 1_000_000)).toBe(0);
    expect(fisher(500, 5000, 100_000, 1_000_000)).toBeCloseTo(0.5, 1);
  });
});

describe('clustersByChance', () => {
  it('expects no three in a hundredth of the range, and eight of a hundred and fifty in a thirtieth', () => {
    expect(clustersByChance(3, 3, 0.01)).toBeCloseTo(3e-4, 6);
    expect(clustersByChance(8, 150, 1 / 30)).toBeGreaterThan(1);
    expect(clustersByChance(100, 150, 1 / 30)).toBeLessThan(1e-9);
  });
});

describe('binomialTail', () => {
  it('adds up the tail', () => {
    expect(binomialTail(0, 5, 0.1)).toBeCloseTo(1, 12);
    expect(binomialTail(3, 3, 0.1)).toBeCloseTo(0.001, 12);
    expect(binomialTail(2, 3, 0.5)).toBeCloseTo(0.5, 12);
  });
});

describe('lnChoose', () => {
  it('agrees with Pascal below and above the table', () => {
    expect(Math.exp(lnChoose(10, 3))).toBeCloseTo(120, 9);
    expect(lnChoose(70, 35) / Math.log(1.1218627781666285e20)).toBeCloseTo(1, 12);
    expect(lnChoose(3, 4)).toBe(Number.NEGATIVE_INFINITY);
  });
});
