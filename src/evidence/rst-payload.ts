/**
 * What a RST says of itself: in its payload (RFC 9293 §3.5.3 lets it carry one) or in its MPTCP options. Whoever can
 * send the RST can write this: it is a statement, never a proof.
 */
import type { RstRecord } from '../flow/rst-record.ts';
import { MP_FASTCLOSE, MPTCP_REASONS, unpackMptcpReset } from '../wire/mptcp.ts';

export type StatementForm = 'big-ip' | 'diagnostic-payload' | 'reason-number' | 'text' | 'bytes' | 'mptcp';

export interface Statement {
  readonly form: StatementForm;
  /** What it says, in printable ASCII of bounded length. */
  readonly says: string;
  /** The reason in the words of its form, for telling causes by; empty where it gives none. */
  readonly reason: string;
  /** Number of the reason in the registry of its form, -1 without one. */
  readonly code: number;
  /** What its sender says it is, empty when it does not say. */
  readonly device: string;
  /** The reason lies on the other connection of a proxy. */
  readonly ofPeer: boolean;
}

/** What the RST says, in the order of how much it tells; empty for nearly every RST. */
export function statementsOf(rst: RstRecord): Statement[] {
  const found: Statement[] = [];
  const payload = payloadStatement(rst.payload, rst.packet.length);
  if (payload !== null) found.push(payload);
  const mptcp = mptcpStatement(rst);
  if (mptcp !== null) found.push(mptcp);
  return found;
}

/** What a payload says, of which `length` bytes were on the wire; null when there is none. */
export function payloadStatement(payload: Uint8Array, length: number): Statement | null {
  if (payload.length === 0) return null;
  return (
    readDiagnostic(payload, length) ?? readBigIp(payload) ?? readNumber(payload, length) ?? readText(payload, length)
  );
}

const NOTHING = { reason: '', code: -1, device: '', ofPeer: false };

/** draft-ietf-tcpm-rst-diagnostic-payload-03 §4.1: magic number, reason, enterprise; eight bytes and no other length. */
const MAGIC = 0x33aa;
const DIAGNOSTIC_BYTES = 8;

/** Its registry of TCP failure causes (§9.1); 8 to 14 are for devices in the path, too. */
export const FAILURE_CAUSES: readonly string[] = [
  '',
  'illegal option length',
  'desynchronized state',
  'new data received after CLOSE',
  'ABORT',
  'unexpected ACK while not synchronized',
  'unexpected SYN in the window',
  'unexpected security compartment',
  'malformed message',
  'not authorized',
  'resource exceeded',
  'network failure',
  'reset received from the peer',
  'destination unreachable',
  'connection timeout',
  'too much outstanding data',
  'unacceptable performance',
  'middlebox interference',
];

function readDiagnostic(payload: Uint8Array, length: number): Statement | null {
  if (length !== DIAGNOSTIC_BYTES || payload.length < DIAGNOSTIC_BYTES) return null;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const code = view.getUint16(2);
  if (view.getUint16(0) !== MAGIC || code === 0) return null;
  const enterprise = view.getUint32(4);
  if (enterprise !== 0) {
    return { ...NOTHING, form: 'diagnostic-payload', says: `reason ${code} of enterprise ${enterprise}` };
  }
  const reason = FAILURE_CAUSES[code] ?? '';
  const says = reason === '' ? `reason ${code}, not in the registry` : `reason ${code}, ${reason}`;
  return { ...NOTHING, form: 'diagnostic-payload', says, reason, code };
}

/** F5 with `tm.rstcause.pkt`: a place in its source, `{peer}` for a reason of the other side, the reason. */
const BIG_IP = /^BIG-IP: \[0x[0-9a-f]{1,16}:\d{1,10}\] ?(\{peer\} ?)?(.*)$/i;

function readBigIp(payload: Uint8Array): Statement | null {
  const text = printable(payload);
  const match = BIG_IP.exec(text);
  if (match === null) return null;
  const ofPeer = match[1] !== undefined;
  return { ...NOTHING, form: 'big-ip', says: bounded(text), reason: bounded(match[2]!), device: 'BIG-IP', ofPeer };
}

/** The draft’s appendix A: Linux with an experimental patch sends its reason number and pads with zeros to 1000 bytes. */
const PADDED_BYTES = 1000;

function readNumber(payload: Uint8Array, length: number): Statement | null {
  if (length !== PADDED_BYTES || payload[0] === 0 || payload.some((byte, at) => at > 0 && byte !== 0)) return null;
  const says = `a Linux reset reason, number ${payload[0]} in its include/net/rstreason.h`;
  return { ...NOTHING, form: 'reason-number', says, code: payload[0]! };
}

const LEAST_TEXT = 4;

function readText(payload: Uint8Array, length: number): Statement {
  const text = printable(payload);
  const strange = text.split('\\x').length - 1;
  const isText = text.length >= LEAST_TEXT && strange * 10 <= payload.length;
  if (isText) return { ...NOTHING, form: 'text', says: bounded(text), reason: bounded(text) };
  const hex = [...payload.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return { ...NOTHING, form: 'bytes', says: `${length} bytes: ${hex}${length > 16 ? ' …' : ''}` };
}

const TEXT_CHARACTERS = 160;

function bounded(text: string): string {
  return text.length > TEXT_CHARACTERS ? `${text.slice(0, TEXT_CHARACTERS)}…` : text;
}

/** Printable ASCII as it is, everything else as `\xNN`; zeros at the end belong to no text. */
function printable(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  let text = '';
  for (let at = 0; at < end; at++) {
    const byte = bytes[at]!;
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}

/** RFC 8684 §3.5, §3.6. */
function mptcpStatement({ mptcpReset, mptcpSubtypes }: RstRecord): Statement | null {
  const reset = unpackMptcpReset(mptcpReset);
  const fastClose = (mptcpSubtypes & (1 << MP_FASTCLOSE)) !== 0;
  if (reset === null && !fastClose) return null;
  const reason = reset === null ? '' : (MPTCP_REASONS[reset.reason] ?? '');
  const parts = [
    fastClose ? 'MP_FASTCLOSE: the whole Multipath TCP connection is aborted' : '',
    reset === null
      ? ''
      : `MP_TCPRST: reason ${reset.reason}, ${reason === '' ? 'not assigned' : reason}${reset.transient ? ', worth another try' : ''}`,
  ].filter(Boolean);
  return { ...NOTHING, form: 'mptcp', says: parts.join('; '), reason, code: reset?.reason ?? -1 };
}
