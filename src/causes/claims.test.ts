import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { saysOf, statementEvidence } from './claims.ts';
import { costOf } from './cost.ts';
import { packetsOf } from './testing/pcap.ts';
import { judge, judgePackets, type Verdict } from './testing/read.ts';

const OPEN = '0 > S\n5 < SA\n5.1 > A\n';
const REQUEST =
  '10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n15 < A\n20 < PA "HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"\n20.1 > A\n';
const EFFECTS = resolve(import.meta.dirname, '../../test/effects');

/** A reset after five minutes of quiet, as a device without a socket's options sends it. */
function idleReset(payload: string): Verdict {
  return judge(`${OPEN}${REQUEST}300000 < RA win=0 ts=off "${payload}"`);
}

/** A reset while the request waits for its answer. */
function pending(payload: string): Verdict {
  return judge(`${OPEN}10 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n15 < A\n30 < RA ${payload}`);
}

function read(name: string): readonly Verdict[] {
  return judgePackets(packetsOf(readFileSync(resolve(EFFECTS, name))));
}

describe('a payload that names a cause', () => {
  it('makes it likely where the packets fit it, and never more', () => {
    const { cause } = idleReset('BIG-IP: [0x2409a71:704] Flow expired (sweeper) (idle timeout)');
    expect(cause).toMatchObject({ id: 'idle-timeout', level: 'likely' });
    expect(cause.evidence[0]).toMatchObject({ fact: 'rst-says-big-ip' });
  });
  it('names the device only as what it says it is', () => {
    const { facts, cause } = idleReset('BIG-IP: [0x2409a71:704] Flow expired (sweeper)');
    expect(cause.evidence[0]!.text).toMatch(/says it is from a BIG-IP/);
    expect(facts.server.name).toBe('');
  });
  it('tells causes apart that leave the same bytes', () => {
    expect(pending('').cause.group?.length).toBeGreaterThan(1);
    const { cause } = pending('"BIG-IP: [0x1:1] {peer} TCP RST from remote system"');
    expect(cause).toMatchObject({ id: 'relayed', level: 'likely' });
    expect(cause.group).toBeUndefined();
  });
  it('is worth less where the sender is in doubt', () => {
    const lines = `${OPEN}${REQUEST}300000 < RA win=0 ts=off ttl=250 df=0 "BIG-IP: [0x1:1] Flow expired (sweeper)"`;
    const { cause, mechanism } = judge(lines);
    expect(mechanism.actor).not.toBe('endpoint');
    expect(cause.level).toBe('possible');
    const alone = pending('win=0 ts=off ttl=250 df=0 "BIG-IP: [0x1:1] {peer} TCP RST from remote system"');
    expect(alone.cause).toMatchObject({ id: 'relayed', level: 'possible' });
  });
  it('does not outweigh a sender that talks on after it', () => {
    const lines = `${OPEN}${REQUEST}30 < RA win=0 ts=off ttl=57 df=0 "BIG-IP: [0x1:1] Flow expired (sweeper)"\n400 < PA len=5\n405 > A\n800 < PA len=5\n805 > A`;
    expect(judge(lines).cause.id).not.toBe('idle-timeout');
  });
  it('reads the registry of the diagnostic payload', () => {
    // Reason 12: reset received from the peer.
    const { cause, facts } = idleReset('\\u0033\\u00aa\\u0000\\u000c\\u0000\\u0000\\u0000\\u0000');
    expect(saysOf(facts.rst)).toBe('reason 12, reset received from the peer');
    expect(cause.id).toBe('relayed');
  });
});

describe('a payload that names none', () => {
  it('is evidence, and changes no verdict', () => {
    const [silent, talking] = [idleReset(''), idleReset('Go away, we are closed')];
    expect(talking.cause).toEqual(silent.cause);
    expect(statementEvidence(talking.facts)).toEqual([
      expect.objectContaining({ fact: 'rst-says-text', text: 'the RST carries a text: “Go away, we are closed”' }),
    ]);
    expect(statementEvidence(silent.facts)).toEqual([]);
  });
});

describe('Multipath TCP, as Linux 6.18 sent it', () => {
  it('goes on over another subflow when one is killed', () => {
    const killed = read('mptcp-subflow-killed.pcap').find(({ facts }) => facts.startSeen && facts.handshakeDone)!;
    expect(saysOf(killed.facts.rst)).toBe('MP_TCPRST: reason 0, unspecified error');
    expect(statementEvidence(killed.facts).at(-1)!.text).toMatch(/additional subflow .* may go on over another/);
    expect(costOf(killed.facts, killed.mechanism, killed.cause.id, 'accepted')).toEqual({
      impact: 'unknown',
      retry: 'unknown',
    });
    expect(killed.cause.id).not.toBe('connect-cancelled');
  });
  it('ends with MP_FASTCLOSE on every subflow', () => {
    const ended = read('mptcp-fastclose.pcap').filter(({ facts }) => facts.handshakeDone);
    expect(ended.length).toBe(2);
    for (const { facts } of ended) {
      expect(saysOf(facts.rst)).toMatch(/^MP_FASTCLOSE: the whole .*; MP_TCPRST: reason 0/);
      expect(statementEvidence(facts).at(-1)!.text).toMatch(/^all subflows .* end with it$/);
    }
  });
});
