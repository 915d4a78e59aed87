/** Ways to find the RST packets of an Ethernet capture in memory: the decoder that firsthand uses, and what it is held against. */
import { LINK_ETHERNET } from '../src/wire/link-types.ts';
import { locate, newLayers, TCP } from '../src/wire/layers.ts';
import { newTcpOptions, readTcpOptions } from '../src/wire/tcp-options.ts';
import { flags, RST } from '../src/wire/tcp.ts';

/** A pcap file in memory with the place of every record. */
export interface Records {
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Offset of the frame, behind the record header. */
  readonly starts: Uint32Array;
}

/** A pass over all records that returns the number of RST packets. */
export type Pass = (records: Records) => number;

/** Finds the records of a little-endian pcap file. */
export function indexRecords(bytes: Buffer, packets: number): Records {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts = new Uint32Array(packets);
  for (let i = 0, at = 24; i < packets; i++) {
    starts[i] = at + 16;
    at += 16 + view.getUint32(at + 8, true);
  }
  return { bytes, view, starts };
}

/** The passes by name; the first is the one that ratios refer to. */
export const PASSES: Readonly<Record<string, Pass>> = {
  'locate + flags': locateFlags,
  'locate + flags + options': locateOptions,
  'floor: DataView, fixed offsets': fixedOffsets,
  'Buffer.readUInt16BE, same fields': bufferReads,
  'Buffer.readUInt16BE, object per packet': bufferObjects,
};

function locateFlags({ view, starts }: Records): number {
  const layers = newLayers();
  let rsts = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    const end = start + view.getUint32(start - 8, true);
    if (locate(view, start, end, view.getUint32(start - 4, true), LINK_ETHERNET, layers) !== TCP) continue;
    if ((flags(view, layers.tcp) & RST) !== 0) rsts++;
  }
  return rsts;
}

function locateOptions({ view, starts }: Records): number {
  const layers = newLayers();
  const options = newTcpOptions();
  let rsts = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    const end = start + view.getUint32(start - 8, true);
    if (locate(view, start, end, view.getUint32(start - 4, true), LINK_ETHERNET, layers) !== TCP) continue;
    readTcpOptions(view, layers.tcp, layers.tcpCaptured, options);
    if ((flags(view, layers.tcp) & RST) !== 0) rsts++;
  }
  return rsts;
}

function fixedOffsets({ view, starts }: Records): number {
  let rsts = 0;
  for (let i = 0; i < starts.length; i++) {
    const ip = starts[i]! + 14;
    const tcp = ip + (view.getUint8(ip) === 0x45 ? 20 : 40);
    if ((view.getUint8(tcp + 13) & RST) !== 0) rsts++;
  }
  return rsts;
}

function bufferReads({ bytes, starts }: Records): number {
  let rsts = 0;
  for (let i = 0; i < starts.length; i++) if ((bufferFlags(bytes, starts[i]!) & RST) !== 0) rsts++;
  return rsts;
}

function bufferFlags(bytes: Buffer, start: number): number {
  const tcp = bufferTcp(bytes, start);
  return tcp < 0 || tcp + 14 > start + bytes.readUInt32LE(start - 8) ? 0 : bytes.readUInt16BE(tcp + 12);
}

/** Offset of the TCP header, with the checks that no decoder can leave out; -1 when there is none. */
function bufferTcp(bytes: Buffer, start: number): number {
  const ip = start + 14;
  const ethertype = bytes.readUInt16BE(start + 12);
  if (ethertype === 0x86dd) return bytes.readUInt8(ip + 6) === 6 ? ip + 40 : -1;
  if (ethertype !== 0x0800 || bytes.readUInt8(ip + 9) !== 6) return -1;
  const isFirstFragment = (bytes.readUInt16BE(ip + 6) & 0x1fff) === 0;
  const headerLen = (bytes.readUInt8(ip) & 15) * 4;
  return isFirstFragment && headerLen >= 20 && bytes.readUInt16BE(ip + 2) >= headerLen + 20 ? ip + headerLen : -1;
}

function bufferObjects({ bytes, starts }: Records): number {
  let rsts = 0;
  for (let i = 0; i < starts.length; i++) {
    const start = starts[i]!;
    const packet = decodeObject(bytes.subarray(start, start + bytes.readUInt32LE(start - 8)), bytes, start);
    if ((packet.flags & RST) !== 0) rsts++;
  }
  return rsts;
}

function decodeObject(frame: Buffer, bytes: Buffer, start: number): { ports: string; seq: number; flags: number } {
  const tcp = bufferTcp(bytes, start) - start;
  if (tcp < 0 || tcp + 14 > frame.length) return { ports: '', seq: 0, flags: 0 };
  return {
    ports: `${frame.readUInt16BE(tcp)} ${frame.readUInt16BE(tcp + 2)}`,
    seq: frame.readUInt32BE(tcp + 4),
    flags: frame.readUInt16BE(tcp + 12),
  };
}
