import { describe, expect, it } from 'vitest';
import { connectCancelled } from './connect-cancelled.ts';
import { attempts, atMs, BARREN, fires, population, resetCase, resetFacts, trigger } from './testing/facts.ts';

describe('connect-cancelled', () => {
  const late = resetFacts({ ...BARREN, sender: 'client', trigger: trigger('syn-ack', 0.05, { frame: 2, side: 1 }) });
  const fresh = { ...BARREN, sender: 'client', atNs: atMs(20) } as const;

  it('is possible, beside a scan, when the SYN+ACK finds no socket on the client', () => {
    expect(fires(connectCancelled, connectCancelled.judge(resetCase(late, 'passive-answer')))).toMatchObject({
      weight: 0.8,
      level: 'possible',
      twins: ['port-scan'],
    });
  });
  it('is possible beside its twins when the client aborts just after the handshake', () => {
    const judged = fires(connectCancelled, connectCancelled.judge(resetCase(resetFacts(fresh), 'active-abort')));
    expect(judged).toMatchObject({ weight: 0.4, level: 'possible', twins: ['health-check', 'linger-zero'] });
  });
  it('stays quiet when the connection had lasted, or carried data', () => {
    const lasted = resetFacts({ ...fresh, atNs: atMs(3000) });
    expect(connectCancelled.judge(resetCase(lasted, 'active-abort')).outcome).toBe('no');
    const used = resetFacts({ sender: 'client', atNs: atMs(20) });
    expect(connectCancelled.judge(resetCase(used, 'active-abort')).outcome).toBe('no');
  });
  it('leaves probes that come again to the health check, and scans to the scan', () => {
    const probes = [0, 1, 2].map((row) => ({ ...late, row }));
    expect(connectCancelled.judge(resetCase(late, 'passive-answer', population(probes))).outcome).toBe('no');
    const scan = population([late], { byClient: new Map([[1, attempts({ attempts: 12, barren: 12, targets: 12 })]]) });
    expect(connectCancelled.judge(resetCase(late, 'passive-answer', scan)).outcome).toBe('no');
  });
});
