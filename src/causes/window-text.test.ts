import { describe, expect, it } from 'vitest';
import { ACK, RST } from '../wire/tcp.ts';
import { half, packet } from './testing/facts.ts';
import { unscaled, windowText } from './window-text.ts';

describe('a window in words', () => {
  const abort = packet({ flags: RST | ACK, window: 64 });

  it('is in bytes where the SYN told the scale', () => {
    expect(windowText(half({ windowScale: 10 }), abort)).toBe('65536');
    expect(windowText(half({ windowScale: 0 }), abort)).toBe('64');
  });
  it('says that it is not where the capture begins later', () => {
    expect(windowText(half(), abort)).toBe('64 unscaled');
  });
  it('has no scale on a RST without a socket', () => {
    expect(windowText(half({ windowScale: 10 }), packet({ flags: RST, window: 8192 }))).toBe('8192 unscaled');
  });
  it('has no scale before its sender’s SYN, as a forged refusal comes', () => {
    const server = half({ windowScale: 2, synAckNs: abort.tNs + 1 });
    expect(windowText(server, abort)).toBe('64 unscaled');
    expect(windowText({ ...server, synAckNs: abort.tNs - 1 }, abort)).toBe('256');
  });
  it('needs no scale to be closed', () => {
    expect(windowText(half(), packet({ window: 0 }))).toBe('0');
    expect(unscaled(0)).toBe('0');
  });
});
