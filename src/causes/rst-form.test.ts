import { describe as suite, expect, it } from 'vitest';
import { RST } from '../wire/tcp.ts';
import { OPT_MD5, OPT_TIMESTAMPS } from '../wire/tcp-options.ts';
import { describe, oddityOf, relative } from './rst-form.ts';
import { half, resetFacts } from './testing/facts.ts';

suite('the form of a RST', () => {
  const { rst } = resetFacts({ half: { server: { windowScale: 7 } } });

  it('is told by flags, number, window in bytes, options and payload', () => {
    expect(describe(rst)).toBe('RST+ACK, seq 301, window 64256');
    const packet = { ...rst.packet, length: 40 };
    expect(describe({ ...rst, packet, options: OPT_TIMESTAMPS })).toBe(
      'RST+ACK, seq 301, window 64256, timestamps, 40 bytes of payload',
    );
  });
  it('counts from the SYN, and says where none was seen', () => {
    expect(relative(5301, half({ startSeq: 5001 }))).toBe('301');
    expect(relative(5301, half())).toBe('5301 (raw)');
  });
  it('of a kernel without a socket has nothing odd about it', () => {
    const bare = { ...rst, options: 0, packet: { ...rst.packet, flags: RST, window: 0, ack: 0 } };
    expect(oddityOf(bare)).toBe('');
    expect(oddityOf({ ...bare, options: OPT_MD5 })).toBe('');
    expect(oddityOf({ ...bare, options: OPT_TIMESTAMPS })).toBe('options');
    expect(oddityOf({ ...bare, packet: { ...bare.packet, window: 8192 } })).toBe('window 8192 unscaled');
    expect(oddityOf({ ...bare, packet: { ...bare.packet, ack: 1 } })).toContain('no ACK flag');
  });
});
