/** The first bytes of what a compressed file holds: a capture and a log look the same outside. */
import { constants, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { sniff } from '../capture/detect.ts';

/** A zstd block, which is read whole or not at all, is shorter. */
export const BYTES_TO_LOOK_INSIDE: number = 160 * 1024;
/** gzip inflates a thousandfold at most. */
const GZIP_LEN = 4096;

/** The decompressed beginning, empty when too little has come for one; the bytes themselves when they are not compressed. */
export function lookInside(first: Uint8Array): Uint8Array {
  const kind = sniff(first)?.kind;
  if (kind === 'gzip') return gunzipStart(first);
  return kind === 'zstd' ? unzstdStart(first) : first;
}

function gunzipStart(first: Uint8Array): Uint8Array {
  try {
    return gunzipSync(first.subarray(0, GZIP_LEN), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array();
  }
}

function unzstdStart(first: Uint8Array): Uint8Array {
  let inside = new Uint8Array();
  try {
    new Decompress((bytes) => {
      if (inside.length === 0) inside = new Uint8Array(bytes);
    }).push(first);
  } catch {
    // What came before the damage is enough.
  }
  return inside;
}
