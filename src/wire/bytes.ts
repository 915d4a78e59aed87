/** Putting bytes together: the opposite of the readers in this folder. */

/** Unsigned integers of 1, 2 or 4 bytes each. */
export function integers(littleEndian: boolean, width: 1 | 2 | 4, values: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(values.length * width));
  for (const [index, value] of values.entries()) {
    if (width === 4) view.setUint32(index * 4, value, littleEndian);
    else if (width === 2) view.setUint16(index * 2, value, littleEndian);
    else view.setUint8(index, value);
  }
  return new Uint8Array(view.buffer);
}

/** All parts in one array. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
