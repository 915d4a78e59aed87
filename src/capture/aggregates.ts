/** Divides the A-MSDUs of 802.11, frames that carry several packets, before anyone counts one packet a frame. */
import { aggregateBody, SUBFRAME_HEADER_LEN } from '../wire/ieee80211.ts';
import { isWirelessLinkType, LINK_ATM_LLC } from '../wire/link-types.ts';
import type { PacketSink } from './reader.ts';

/** The sink for packets of this link type: the same one, or one that gives each packet of an A-MSDU by itself. */
export function sinkOf(linkType: number, sink: PacketSink): PacketSink {
  return isWirelessLinkType(linkType) ? dividingSink(sink) : sink;
}

/** Packets of one frame keep its number, time and direction, and begin with their LLC header. */
function dividingSink(sink: PacketSink): PacketSink {
  const layer = { network: 0, carrier: 0 };

  return {
    packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame) {
      const first = aggregateBody(view, start, end, linkType, layer);
      if (first < 0) return sink.packet(view, start, end, wireLen, linkType, seconds, nanos, direction, frame);
      for (let at = first; end - at >= SUBFRAME_HEADER_LEN;) {
        const packetLen = view.getUint16(at + SUBFRAME_HEADER_LEN - 2);
        // Zeros fill the end of an A-MSDU, before a check sequence.
        if (packetLen === 0) return;
        const packet = at + SUBFRAME_HEADER_LEN;
        const packetEnd = packet + packetLen < end ? packet + packetLen : end;
        sink.packet(view, packet, packetEnd, packetLen, LINK_ATM_LLC, seconds, nanos, direction, frame);
        // IEEE 802.11-2020, 9.3.2.2.2: every subframe but the last is padded to four bytes.
        at += (SUBFRAME_HEADER_LEN + packetLen + 3) & ~3;
      }
    },
  };
}
