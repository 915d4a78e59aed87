import { describe, expect, it } from 'vitest';
import type { HostWitness } from '../evidence/host/witness.ts';
import type { CauseId } from '../terms/causes.ts';
import type { Ranked } from './engine.ts';
import { witnessedCause, witnessedMechanism } from './proof.ts';
import { resetCase, resetFacts } from './testing/facts.ts';

type Sent = NonNullable<HostWitness['sent']>;

function witnessOf(sent: Partial<Sent> | null, rest: Partial<HostWitness> = {}): HostWitness {
  const whole: Sent = {
    sure: true,
    active: true,
    reason: 'TCP_ABORT_ON_CLOSE',
    state: 'TCP_CLOSE',
    task: { pid: 7, command: 'node' },
    wentOn: true,
    ...sent,
  };
  const said = sent === null ? null : whole;
  return { sent: said, letGo: null, death: null, process: null, evidence: [], doubts: [], ...rest };
}

function wire(id: CauseId, others: readonly CauseId[] = []): Ranked<CauseId> {
  const alternatives = [
    ...others.map((one) => ({ id: one, confidence: 0.1 })),
    { id: 'unknown' as const, confidence: 0.1 },
  ];
  return { id, confidence: 0.9 - 0.1 * others.length, level: 'likely', alternatives, evidence: [], cannotTell: [] };
}

function judged(
  witness: HostWitness,
  from: Ranked<CauseId> = wire('unread-data'),
  active: boolean = true,
): Ranked<CauseId> {
  const input = resetCase(resetFacts(), active ? 'active-abort' : 'passive-answer');
  input.facts.witness = witness;
  return witnessedCause(input, from);
}

type Death = NonNullable<HostWitness['death']>;
type LetGo = NonNullable<HostWitness['letGo']>;

function ended(change: Partial<Death>): Ranked<CauseId> {
  return judged(witnessOf({ wentOn: false }, { death: { pid: 7, how: 'fault', asked: null, sure: true, ...change } }));
}

function did(change: Partial<LetGo>): Ranked<CauseId> {
  const closed: LetGo = { by: 'close', pids: new Set([7]), unread: 0, lingerZero: false, otherLegFailed: false };
  return judged(witnessOf(null, { letGo: { ...closed, ...change } }), wire('unknown'));
}

describe('what the kernel says', () => {
  it.each([
    ['TCP_ABORT_ON_CLOSE', 'TCP_CLOSE', 'unread-data'],
    ['TCP_ABORT_ON_MEMORY', 'TCP_ESTABLISHED', 'resource-exhaustion'],
    ['TCP_KEEPALIVE_TIMEOUT', 'TCP_ESTABLISHED', 'dead-peer'],
    ['TCP_STATE', 'TCP_ESTABLISHED', 'killed'],
    ['TCP_STATE', 'TCP_CLOSE_WAIT', 'killed'],
  ])('%s in %s proves %s', (reason, state, id) => {
    expect(judged(witnessOf({ reason, state }))).toMatchObject({ id, level: 'proof', confidence: 0.99 });
  });

  it('proves nothing of the cause where it gives no reason', () => {
    for (const reason of ['', 'NOT_SPECIFIED', 'ERROR', 'MPTCP_RST_EUNSPEC']) {
      expect(judged(witnessOf({ reason }))).toMatchObject({ id: 'unread-data', level: 'likely', confidence: 0.9 });
    }
  });

  it('proves neither cause nor sender from a trace of which only the addresses fit', () => {
    const witness = witnessOf({ sure: false });
    expect(judged(witness).level).toBe('likely');
    const input = resetCase(resetFacts({}), 'unknown');
    input.facts.witness = witness;
    expect(witnessedMechanism(input.mechanism, input.facts)).toBe(input.mechanism);
  });

  it('leaves a purpose that the packets show as sure as it was, without what the reason excludes', () => {
    const verdict = judged(witnessOf({}), wire('payload-rejected', ['unread-data', 'linger-zero', 'process-crash']));
    expect(verdict).toMatchObject({ id: 'payload-rejected', level: 'likely' });
    expect(verdict.alternatives.map(({ id }) => id)).toEqual(['unread-data', 'unknown']);
    expect(verdict.alternatives.reduce((sum, { confidence }) => sum + confidence, verdict.confidence)).toBeCloseTo(
      1,
      6,
    );
  });

  it('wins against packets that looked otherwise, and says so', () => {
    const verdict = judged(witnessOf({ reason: 'TCP_STATE', state: 'TCP_ESTABLISHED' }), wire('firewall-reject'));
    expect(verdict).toMatchObject({ id: 'killed', level: 'proof' });
    expect(verdict.evidence.map(({ fact }) => fact)).toContain('packets-said-otherwise');
  });
});

describe('the end of a process', () => {
  it('is a crash where nobody asked for it, a shutdown where somebody did, and open where nothing says why', () => {
    expect(ended({ how: 'memory' })).toMatchObject({ id: 'process-crash', level: 'proof' });
    expect(ended({ asked: 'SIGTERM (strace.txt:9)' })).toMatchObject({ id: 'shutdown-in-flight', level: 'proof' });
    for (const change of [{ how: 'unknown' }, { how: 'status' }, { sure: false }] as const) {
      expect(ended(change)).toMatchObject({ level: 'possible', group: ['process-crash', 'shutdown-in-flight'] });
    }
  });

  it('is not the cause of what the kernel sent for another reason', () => {
    const witness = witnessOf(
      { reason: 'TCP_KEEPALIVE_TIMEOUT' },
      { death: { pid: 7, how: 'fault', asked: null, sure: true } },
    );
    expect(judged(witness).id).toBe('dead-peer');
  });
});

describe('what a process did', () => {
  it('is the cause where it can only end in a RST', () => {
    expect(did({ unread: 9 })).toMatchObject({ id: 'unread-data', level: 'proof' });
    expect(did({ lingerZero: true })).toMatchObject({ id: 'linger-zero', level: 'proof' });
    expect(did({ unread: 0 }).id).toBe('unknown');
    expect(did({ unread: null }).id).toBe('unknown');
  });

  it('leaves open what it cannot tell apart', () => {
    for (const unread of [null, 9]) {
      expect(did({ unread, lingerZero: true })).toMatchObject({
        level: 'possible',
        group: ['linger-zero', 'unread-data'],
      });
    }
    expect(did({ unread: 9, otherLegFailed: true })).toMatchObject({
      level: 'possible',
      group: ['unread-data', 'relayed'],
    });
  });
});

it('leaves no doubt of a source beside what another has proven', () => {
  const doubts = ['Whether the close caused it.'];
  const killed = judged(witnessOf({ reason: 'TCP_STATE', state: 'TCP_ESTABLISHED' }, { doubts }));
  expect(killed).toMatchObject({ id: 'killed', level: 'proof', cannotTell: [] });
  const single = judged(witnessOf({ reason: 'TCP_STATE', state: 'TCP_ESTABLISHED', sure: false }, { doubts }));
  expect(single).toMatchObject({ id: 'killed', level: 'likely', cannotTell: doubts });
});
