/** Multipath TCP in the options of one segment (RFC 8684): which subtypes it carries, and what MP_TCPRST says. */

export const MP_CAPABLE = 0;
export const MP_JOIN = 1;
export const MP_DSS = 2;
export const MP_FASTCLOSE = 7;
export const MP_TCPRST = 8;

/** Flag T of MP_TCPRST: the sender expects that another attempt may succeed (section 3.6). */
export const MPTCP_TRANSIENT = 1;

/** What MP_TCPRST carries. */
export interface MptcpReset {
  /** Reason code, 0 to 255. */
  readonly reason: number;
  readonly transient: boolean;
}

/** Subtype of the option at `at` (section 8.4), 0 to 15. */
export function mptcpSubtype(view: DataView, at: number): number {
  return view.getUint8(at + 2) >> 4;
}

/** Flags and reason of an MP_TCPRST at `at` as `flags << 8 | reason`; -1 for another subtype or a wrong length. */
export function packMptcpReset(view: DataView, at: number, len: number): number {
  if (len !== 4 || mptcpSubtype(view, at) !== MP_TCPRST) return -1;
  return ((view.getUint8(at + 2) & 0x0f) << 8) | view.getUint8(at + 3);
}

/** The fields that {@link packMptcpReset} packed; null for -1. */
export function unpackMptcpReset(packed: number): MptcpReset | null {
  if (packed < 0) return null;
  return { reason: packed & 0xff, transient: ((packed >> 8) & MPTCP_TRANSIENT) !== 0 };
}

/** Reason codes of RFC 8684, section 3.6, table 3; those beyond are unassigned. */
export const MPTCP_REASONS: readonly string[] = [
  'unspecified error',
  'MPTCP-specific error',
  'lack of resources',
  'administratively prohibited',
  'too much outstanding data',
  'unacceptable performance',
  'middlebox interference',
];
