import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeNaively, weaverDetectors } from './baselines.ts';
import { ACK, FIN, RST, SYN, readPackets } from './packets.ts';
import type { Packet } from './packets.ts';

const CAPTURES = resolve(import.meta.dirname, '../captures');

let frames = 0;
function sent(from: 'a' | 'b', flags: number, fields: Partial<Packet> = {}): Packet {
  const [source, target] = from === 'a' ? ['a:1', 'b:2'] : ['b:2', 'a:1'];
  return {
    frame: ++frames,
    atS: frames / 100,
    source,
    target,
    seq: 0,
    ack: 0,
    flags,
    payloadBytes: 0,
    ttl: 64,
    ...fields,
  };
}

/** A handshake and ten bytes of the server. */
const OPENED: readonly Packet[] = [
  sent('a', SYN, { seq: 100 }),
  sent('b', SYN | ACK, { seq: 500, ack: 101 }),
  sent('a', ACK, { seq: 101, ack: 501 }),
  sent('b', ACK, { seq: 501, ack: 101, payloadBytes: 10 }),
  sent('a', ACK, { seq: 101, ack: 511 }),
];

describe('Weaver’s detectors', () => {
  it('leave a RST at the end alone', () => {
    expect(weaverDetectors([...OPENED, sent('b', RST, { seq: 511 })])).toEqual([]);
  });

  it('find data behind a RST, and not its retransmission', () => {
    const data = { seq: 511, payloadBytes: 5, ack: 101 };
    expect(weaverDetectors([...OPENED, sent('b', RST, { seq: 511 }), sent('b', ACK, data)])).toEqual(['RST_SEQ_DATA']);
    const again = { seq: 501, payloadBytes: 10, ack: 101 };
    expect(weaverDetectors([...OPENED, sent('b', RST, { seq: 511 }), sent('b', ACK, again)])).toEqual([]);
  });

  it('find a RST that comes after data beyond it', () => {
    expect(weaverDetectors([...OPENED, sent('b', RST, { seq: 480 })])).toEqual(['DATA_SEQ_RST']);
  });

  it('find a second RST beyond all that was sent, unless somebody closed before', () => {
    const train = [sent('b', RST, { seq: 511 }), sent('b', RST, { seq: 1971 })];
    expect(weaverDetectors([...OPENED, ...train])).toEqual(['RST_SEQ_CHANGE']);
    expect(weaverDetectors([...OPENED, sent('a', FIN | ACK, { seq: 101, ack: 511 }), ...train])).toEqual([]);
  });

  it('find RSTs that acknowledge what was never sent', () => {
    const train = [sent('b', RST | ACK, { seq: 511, ack: 101 }), sent('b', RST | ACK, { seq: 511, ack: 9000 })];
    expect(weaverDetectors([...OPENED, ...train])).toEqual(['RST_ACK_CHANGE']);
  });

  it('find a RST right behind its sender’s SYN-ACK', () => {
    expect(weaverDetectors([...OPENED.slice(0, 3), sent('b', RST, { seq: 501 })])).toEqual(['SYN_RST']);
  });
});

describe('the baselines', () => {
  it('see another TTL only where the sender has shown one', () => {
    const foreign = sent('b', RST, { seq: 511, ttl: 57 });
    expect(judgeNaively([...OPENED, foreign], [foreign]).ttl).toBe('middlebox');
    const own = sent('b', RST, { seq: 511 });
    expect(judgeNaively([...OPENED, own], [own]).ttl).toBe('endpoint');
    expect(judgeNaively([OPENED[0]!, foreign], [foreign]).ttl).toBe('endpoint');
  });

  it('read a forged RST in a recorded capture', () => {
    const packets = readPackets(readFileSync(join(CAPTURES, 'injected/fires-tcpkill.pcap')));
    const rst = packets.find(({ flags }) => (flags & RST) !== 0)!;
    expect(judgeNaively(packets, [rst])).toEqual({ sourceAddress: 'endpoint', weaver: 'middlebox', ttl: 'middlebox' });
  });

  it('read IPv6', () => {
    const packets = readPackets(readFileSync(join(CAPTURES, 'refused/fires-closed-port-v6.pcap')));
    expect(packets.map(({ flags, ttl }) => [flags, ttl])).toEqual([
      [SYN, 64],
      [RST | ACK, 64],
    ]);
  });
});
