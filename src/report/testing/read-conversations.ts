/** A report of conversations, read as a file is: in the order of time, in two passes. */
import { newCaptureInfo } from '../../capture/info.ts';
import type { WritablePacket } from '../../capture/write.ts';
import { createReading } from '../reading.ts';
import type { Report } from '../types.ts';

export function readConversations(lists: readonly (readonly WritablePacket[])[]): Report {
  const packets = lists.flat().sort((a, b) => a.seconds - b.seconds || a.nanos - b.nanos);
  const reading = createReading();
  for (const open of [() => reading.surveySink, () => reading.traceSink()]) {
    const sink = open();
    for (const [index, { bytes, seconds, nanos }] of packets.entries()) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      sink.packet(view, 0, bytes.length, bytes.length, 1, seconds, nanos, 0, index + 1);
    }
  }
  return reading.report('-', newCaptureInfo(), 'two-pass', '0');
}
