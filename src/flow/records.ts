/**
 * Both passes over whole records of a classic pcap: the parser's loop and the sinks in one. Plain frames are surveyed
 * or passed over in place; nothing is allocated and no fraction is handed on; all others go to the sink one by one.
 */
import type { PacketSink } from '../capture/reader.ts';
import {
  isPlainTcp,
  isPlainTcp6,
  PLAIN_DST,
  PLAIN_SRC,
  PLAIN_TCP,
  PLAIN_TTL,
  PLAIN6_TCP,
  plainPayloadLen,
} from '../wire/plain-tcp.ts';
import type { Flows } from './flows.ts';
import { add, surveyPlain, surveyPlain6 } from './survey.ts';
import { find } from './table.ts';
import { mayBeWanted } from './wanted.ts';

/** How the records of a file are written: 16 bytes of header each, and then the frame. */
export interface RecordLayout {
  readonly littleEndian: boolean;
  /** Fractions of a second per second: 10^6 or 10^9. */
  readonly units: number;
  /** Longest plausible packet. */
  readonly maxLen: number;
  readonly linkType: number;
}

/** What was counted so far. */
export interface RecordCounts {
  packets: number;
  truncated: number;
}

/** Takes the records in [from, to) that are whole and regular; returns where it stopped. */
export type RecordScan = (
  view: DataView,
  from: number,
  to: number,
  layout: RecordLayout,
  counts: RecordCounts,
) => number;

/** Pass one; `sink` is the survey's. */
export function surveyRecords(flows: Flows, sink: PacketSink): RecordScan {
  const { table } = flows;
  const { nowNs } = table;
  // In a cell, so that the compiler takes the clock for a fraction from the first packet on, not for a whole number.
  const base = new Float64Array(1);
  return (view, from, to, { littleEndian, units, maxLen, linkType }, counts) => {
    const nanosPerUnit = 1e9 / units;
    let { packets, truncated } = counts;
    let plain = 0;
    let rsts = 0;
    let at = from;
    if (flows.packets === 0 && to - at >= 16) flows.baseSeconds = view.getUint32(at, littleEndian);
    base[0] = flows.baseSeconds;
    while (to - at >= 16) {
      const fraction = view.getUint32(at + 4, littleEndian);
      const capturedLen = view.getUint32(at + 8, littleEndian);
      const start = at + 16;
      const end = start + capturedLen;
      if (fraction >= units || capturedLen > maxLen || end > to) break;
      const wireLen = view.getUint32(at + 12, littleEndian);
      if (wireLen > capturedLen) truncated++;
      const seconds = view.getUint32(at, littleEndian);
      packets++;
      if (isPlainTcp(view, start, end, linkType)) {
        plain++;
        nowNs[0] = (seconds - base[0]!) * 1e9 + fraction * nanosPerUnit;
        const flags = view.getUint16(start + PLAIN_TCP + 12) & 0x1ff;
        rsts += (flags >> 2) & 1;
        const ports = view.getInt32(start + PLAIN_TCP);
        const found = find(table, view.getInt32(start + PLAIN_SRC), view.getInt32(start + PLAIN_DST), ports, 0);
        if (found < 0) {
          surveyPlain(table, view, start, packets);
        } else {
          const seq = view.getInt32(start + PLAIN_TCP + 4);
          add(table, found, flags, seq, plainPayloadLen(view, start), view.getUint8(start + PLAIN_TTL), packets);
        }
      } else if (isPlainTcp6(view, start, end, linkType)) {
        plain++;
        nowNs[0] = (seconds - base[0]!) * 1e9 + fraction * nanosPerUnit;
        rsts += (view.getUint8(start + PLAIN6_TCP + 13) >> 2) & 1;
        surveyPlain6(table, view, start, packets);
      } else {
        flows.packets += plain;
        flows.tcpPackets += plain;
        plain = 0;
        const wire = wireLen > capturedLen ? wireLen : capturedLen;
        sink.packet(view, start, end, wire, linkType, seconds, fraction * nanosPerUnit, 0, packets);
      }
      at = end;
    }
    counts.packets = packets;
    counts.truncated = truncated;
    flows.packets += plain;
    flows.tcpPackets += plain;
    flows.rstPackets += rsts;
    return at;
  };
}

/** Pass two: what `wanted` has no bit for is passed over; `sink` follows the others. */
export function traceRecords(wanted: Uint8Array, sink: PacketSink): RecordScan {
  return (view, from, to, { littleEndian, units, maxLen, linkType }, counts) => {
    let { packets } = counts;
    let at = from;
    while (to - at >= 16) {
      const capturedLen = view.getUint32(at + 8, littleEndian);
      const start = at + 16;
      const end = start + capturedLen;
      if (capturedLen > maxLen || end > to) break;
      packets++;
      if (mayBeWanted(wanted, view, start, end, linkType)) {
        const wireLen = view.getUint32(at + 12, littleEndian);
        const wire = wireLen > capturedLen ? wireLen : capturedLen;
        const nanos = view.getUint32(at + 4, littleEndian) * (1e9 / units);
        sink.packet(view, start, end, wire, linkType, view.getUint32(at, littleEndian), nanos, 0, packets);
      }
      at = end;
    }
    counts.packets = packets;
    return at;
  };
}
