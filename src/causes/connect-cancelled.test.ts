import { describe, expect, it } from 'vitest';
import { connectCancelled } from './connect-cancelled.ts';
import { MP_JOIN } from '../wire/mptcp.ts';
import { judge } from './testing/read.ts';
import {
  attempts,
  atMs,
  BARREN,
  fires,
  listener,
  population,
  resetCase,
  resetFacts,
  trigger,
} from './testing/facts.ts';

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
  it('measures the whole handshake, wherever the capture was taken, for the connect timeout that it advises', () => {
    expect(timeoutAdvice('0 > S\n150 < SA\n150.1 > R seq=1')).toContain('which takes 150 ms here');
    // At the server the SYN+ACK follows at once, and the client's answer shows the way there and back.
    expect(timeoutAdvice('0 > S\n0.1 < SA\n150 > R seq=1')).toContain('which takes 150 ms here');
    expect(timeoutAdvice('0 > S\n0.1 < SA\n150 > A\n170 > RA')).toContain('which takes 150 ms here');
  });
  it('says no time that it does not know', () => {
    const unseen = resetFacts({ ...BARREN, sender: 'client', half: { server: { synAckNs: -1 } } });
    const [, raise] = connectCancelled.remedies(resetCase(unseen, 'active-abort'));
    expect(raise!.text).toBe('If no other attempt won, raise the client’s connect timeout above the handshake');
  });
  it('is no subflow of Multipath TCP, which may stay without data', () => {
    const joined = { mptcpSubtypes: 1 << MP_JOIN };
    const half = { client: { ...late.half.client, ...joined }, server: { ...late.half.server, ...joined } };
    const subflow = { ...late, half };
    expect(connectCancelled.judge(resetCase(subflow, 'passive-answer')).outcome).toBe('no');
  });
  it('is likely where another attempt of the same client lives', () => {
    const won = population([late], { listeners: listener({ survivorClients: new Set([1]) }) });
    const judged = fires(connectCancelled, connectCancelled.judge(resetCase(late, 'passive-answer', won)));
    expect(judged.level).toBe('likely');
    expect(judged.twins).toBeUndefined();
  });
});

function timeoutAdvice(lines: string): string {
  const { facts } = judge(lines);
  return connectCancelled.remedies(resetCase(facts, 'passive-answer'))[1]!.text;
}
