/** TCP options (RFC 9293 section 3.1, RFC 7323, RFC 2018, RFC 8684) in one pass into a record that is reused. */
import { mptcpSubtype, packMptcpReset } from './mptcp.ts';

/** Bits of `TcpOptions.bits`: which options the segment carries. */
export const OPT_MSS = 1;
export const OPT_WINDOW_SCALE = 2;
export const OPT_SACK_PERMITTED = 4;
export const OPT_SACK = 8;
export const OPT_TIMESTAMPS = 16;
export const OPT_MPTCP = 32;
export const OPT_FAST_OPEN = 64;
export const OPT_MD5 = 128;
export const OPT_AO = 256;
/** Any option that has no bit of its own; NOP and end-of-list count as none. */
export const OPT_OTHER = 512;
/** An option whose length contradicts its kind or the header: what follows it is unknown. */
export const OPT_MALFORMED = 1024;
/** The snap length cut the options: absence of a bit proves nothing. */
export const OPT_CUT = 2048;

/** What one pass over the options found; a field means something only when its bit is set. */
export interface TcpOptions {
  /** Union of the OPT_ constants. */
  bits: number;
  /** Maximum segment size in bytes. */
  mss: number;
  /** Shift count, 0 to 14; larger ones are read as 14 (RFC 7323, section 2.3). */
  windowScale: number;
  tsVal: number;
  tsEcr: number;
  /** 0 or 1. */
  sackPermitted: number;
  /** Number of SACK blocks, 0 to 4. */
  sackBlocks: number;
  /** Offset of the first SACK block, eight bytes each; 0 when there is none. */
  sackAt: number;
  /** One bit for each MPTCP subtype (RFC 8684, section 8.4) that the segment carries; a RST may carry several. */
  mptcpSubtypes: number;
  /** Flags and reason of MP_TCPRST, as `unpackMptcpReset` reads them; -1 without it. */
  mptcpReset: number;
}

/** A record for `readTcpOptions` to fill. */
export function newTcpOptions(): TcpOptions {
  return {
    bits: 0,
    mss: 0,
    windowScale: 0,
    tsVal: 0,
    tsEcr: 0,
    sackPermitted: 0,
    sackBlocks: 0,
    sackAt: 0,
    mptcpSubtypes: 0,
    mptcpReset: -1,
  };
}

/** Reads the options of the header at `tcp`, of whose segment `tcpCaptured` bytes are present. */
export function readTcpOptions(view: DataView, tcp: number, tcpCaptured: number, out: TcpOptions): void {
  out.bits = 0;
  out.mss = 0;
  out.windowScale = 0;
  out.tsVal = 0;
  out.tsEcr = 0;
  out.sackPermitted = 0;
  out.sackBlocks = 0;
  out.sackAt = 0;
  out.mptcpSubtypes = 0;
  out.mptcpReset = -1;
  if (tcpCaptured < 14) {
    out.bits = OPT_CUT;
    return;
  }
  const headerEnd = tcp + ((view.getUint8(tcp + 12) >> 4) << 2);
  const cut = tcp + tcpCaptured < headerEnd;
  const end = cut ? tcp + tcpCaptured : headerEnd;
  let at = tcp + 20;
  while (at < end) {
    const kind = view.getUint8(at);
    if (kind === 0) return;
    if (kind === 1) {
      at++;
      continue;
    }
    if (at + 1 >= end) break;
    const len = view.getUint8(at + 1);
    if (len < 2 || at + len > headerEnd) {
      out.bits |= OPT_MALFORMED;
      return;
    }
    if (at + len > end) break;
    out.bits |= readOption(view, at, kind, len, out);
    at += len;
  }
  if (cut) out.bits |= OPT_CUT;
  else if (at < end) out.bits |= OPT_MALFORMED;
}

/** Reads one whole option and returns its bit. */
function readOption(view: DataView, at: number, kind: number, len: number, out: TcpOptions): number {
  switch (kind) {
    case 2:
      if (len !== 4) return OPT_MALFORMED;
      out.mss = view.getUint16(at + 2);
      return OPT_MSS;
    case 3: {
      if (len !== 3) return OPT_MALFORMED;
      const shift = view.getUint8(at + 2);
      out.windowScale = shift > 14 ? 14 : shift;
      return OPT_WINDOW_SCALE;
    }
    case 4:
      if (len !== 2) return OPT_MALFORMED;
      out.sackPermitted = 1;
      return OPT_SACK_PERMITTED;
    case 5:
      if (len < 10 || len > 34 || (len - 2) % 8 !== 0) return OPT_MALFORMED;
      out.sackBlocks = (len - 2) >> 3;
      out.sackAt = at + 2;
      return OPT_SACK;
    case 8:
      if (len !== 10) return OPT_MALFORMED;
      out.tsVal = view.getUint32(at + 2);
      out.tsEcr = view.getUint32(at + 6);
      return OPT_TIMESTAMPS;
    case 19:
      return OPT_MD5;
    case 29:
      return OPT_AO;
    case 30:
      if (len < 3) return OPT_MALFORMED;
      out.mptcpSubtypes |= 1 << mptcpSubtype(view, at);
      if (out.mptcpReset < 0) out.mptcpReset = packMptcpReset(view, at, len);
      return OPT_MPTCP;
    case 34:
      return OPT_FAST_OPEN;
    default:
      return OPT_OTHER;
  }
}
