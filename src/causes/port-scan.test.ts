import { describe, expect, it } from 'vitest';
import type { ResetFacts } from '../evidence/facts.ts';
import type { Population } from '../evidence/population.ts';
import { portScan } from './port-scan.ts';
import { atMs, attempts, BARREN, fires, population, resetCase, resetFacts } from './testing/facts.ts';

function among(resets: readonly ResetFacts[], targets: number, barren: number): Population {
  return population(resets, { byClient: new Map([[1, attempts({ attempts: 20, barren, targets })]]) });
}

describe('port-scan', () => {
  const probe = resetFacts({ ...BARREN, sender: 'client' });

  it('fires for a barren connection of a host that tried many listeners, whoever sent the RST', () => {
    for (const [facts, mechanism] of [
      [probe, 'passive-answer'],
      [resetFacts(BARREN), 'syn-answer'],
    ] as const) {
      const judged = fires(portScan, portScan.judge(resetCase(facts, mechanism, among([facts], 12, 19))));
      expect(judged).toMatchObject({ weight: 0.92, level: 'likely' });
      expect(judged.evidence[1]!.text).toContain('95 % of its 20 attempts');
    }
  });
  it('stays quiet when the connection carried data', () => {
    const facts = resetFacts();
    expect(portScan.judge(resetCase(facts, 'active-abort', among([facts], 12, 19))).outcome).toBe('no');
  });
  it('stays quiet below ten targets, and when many attempts carried data', () => {
    expect(portScan.judge(resetCase(probe, 'passive-answer', among([probe], 9, 19))).outcome).toBe('no');
    expect(portScan.judge(resetCase(probe, 'passive-answer', among([probe], 12, 10))).outcome).toBe('no');
  });
  it('leaves a load balancer with many targets alone when it comes back on schedule, and nobody else', () => {
    const probes = [0, 2000, 4000, 6000].map((ms, row) =>
      resetFacts({ ...BARREN, row, sender: 'client', firstNs: atMs(ms) }),
    );
    const balanced = probes.map((one) => ({ ...one, client: { ...one.client, role: 'load-balancer' as const } }));
    expect(portScan.judge(resetCase(balanced[0]!, 'active-abort', among(balanced, 12, 19))).outcome).toBe('no');
    expect(portScan.judge(resetCase(probes[0]!, 'active-abort', among(probes, 12, 19))).outcome).toBe('fires');
  });
});
