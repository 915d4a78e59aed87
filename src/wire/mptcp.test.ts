import { describe, expect, it } from 'vitest';
import { MP_FASTCLOSE, MP_TCPRST, mptcpSubtype, packMptcpReset, unpackMptcpReset } from './mptcp.ts';

function option(...bytes: readonly number[]): DataView {
  return new DataView(Uint8Array.from(bytes).buffer);
}

describe('MP_TCPRST', () => {
  it('carries a reason and says whether it is transient', () => {
    // RFC 8684, figure 15: kind 30, length 4, subtype 8 with flags U V W T, reason.
    const view = option(30, 4, 0x81, 3);
    expect(mptcpSubtype(view, 0)).toBe(MP_TCPRST);
    expect(unpackMptcpReset(packMptcpReset(view, 0, 4))).toEqual({ reason: 3, transient: true });
  });
  it('is not transient with the other flags set', () => {
    expect(unpackMptcpReset(packMptcpReset(option(30, 4, 0x8e, 255), 0, 4))).toEqual({ reason: 255, transient: false });
  });
  it('says nothing in another length, and another subtype is none', () => {
    expect(unpackMptcpReset(packMptcpReset(option(30, 3, 0x80), 0, 3))).toBeNull();
    const fastClose = option(30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(mptcpSubtype(fastClose, 0)).toBe(MP_FASTCLOSE);
    expect(unpackMptcpReset(packMptcpReset(fastClose, 0, 12))).toBeNull();
  });
});
