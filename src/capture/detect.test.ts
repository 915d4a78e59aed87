import { describe, expect, it } from 'vitest';
import { notACapture, sniff } from './detect.ts';
import { CaptureError } from './errors.ts';
import { readAll } from './testing/collect.ts';
import { writeSnoop } from './testing/snoop.ts';
import { writePcap, writePcapng } from './write.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('sniff', () => {
  it.each([
    ['pcap', writePcap([])],
    ['pcap', writePcap([], { littleEndian: false })],
    ['pcapng', writePcapng([])],
    ['snoop', writeSnoop([])],
    ['gzip', Uint8Array.of(0x1f, 0x8b, 8, 0)],
    ['zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd)],
    ['zstd', Uint8Array.of(0x50, 0x2a, 0x4d, 0x18)],
  ])('knows %s', (kind, bytes) => {
    expect(sniff(bytes)?.kind).toBe(kind);
  });

  it.each([
    ['Microsoft Network Monitor 2', text('GMBU\0\x02')],
    ['lz4', Uint8Array.of(4, 0x22, 0x4d, 0x18)],
    ['bzip2', text('BZh91AY')],
    ['xz', Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0)],
    ['ERF', Uint8Array.of(1, 2, 3, 4, 0x11, 0x22, 0x33, 0x55, 2, 4, 0, 80, 0, 0, 0, 62)],
  ])('names %s as not supported', (name, bytes) => {
    expect(() => readAll(bytes)).toThrow(
      expect.objectContaining({
        code: 'ERR_FIRSTHAND_UNSUPPORTED_FORMAT',
        format: name,
        message: expect.stringContaining(name),
      }),
    );
  });

  it.each([
    ['text', text('Error: read ECONNRESET\n at TCP')],
    ['JSON text', text('{"log":{"version":"1.2"}}')],
    ['an ELF program', text('\x7fELF\x02\x01\x01')],
    ['starts with 00 01 02', Uint8Array.of(0, 1, 2)],
  ])('says of other files what they are: %s', (name, bytes) => {
    expect(() => readAll(bytes)).toThrow(
      expect.objectContaining({ code: 'ERR_FIRSTHAND_NOT_A_CAPTURE', message: expect.stringContaining(name) }),
    );
  });

  it('calls nothing at all empty', () => {
    expect(() => readAll(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'ERR_FIRSTHAND_EMPTY' }));
  });
});

describe('CaptureError', () => {
  it('names the file once', () => {
    const error = notACapture(text('hello, world'), undefined).withPath('a.pcap').withPath('b.pcap');
    expect(error.message).toMatch(/^a\.pcap: not a capture/);
    expect(error.path).toBe('a.pcap');
    expect(CaptureError.is(error)).toBe(true);
    expect(CaptureError.is(new Error('other'))).toBe(false);
  });

  it('is one line', () => {
    expect(notACapture(text('a\nb\nc\n'), undefined).message).not.toContain('\n');
  });
});
