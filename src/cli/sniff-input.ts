/** Looks at the first bytes of standard input and puts them back: a capture is read, anything else explained. */
import { Readable } from 'node:stream';
import { BYTES_TO_SNIFF, sniff } from '../capture/detect.ts';

export interface Sniffed {
  /** It begins like a capture, or like a compressed one. */
  readonly isCapture: boolean;
  /** All of the input, the bytes that were looked at included. */
  readonly input: Readable;
}

/** Waits for the first bytes of the input. One that ends before them holds no capture. */
export async function sniffInput(input: Readable): Promise<Sniffed> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < BYTES_TO_SNIFF) {
    const chunk = input.read() as Buffer | string | null;
    if (chunk !== null) {
      const bytes = Buffer.from(chunk as Buffer);
      chunks.push(bytes);
      length += bytes.length;
    } else if (await hasEnded(input)) {
      return { isCapture: false, input: Readable.from(chunks) };
    }
  }
  const first = Buffer.concat(chunks);
  input.unshift(first);
  const kind = sniff(first.subarray(0, BYTES_TO_SNIFF))?.kind;
  return { isCapture: kind !== undefined && kind !== 'not-a-capture', input };
}

/** False as soon as more can be read. */
function hasEnded(input: Readable): Promise<boolean> {
  if (input.readableEnded || input.destroyed) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    const onReadable = (): void => settle(() => resolve(false));
    const onEnd = (): void => settle(() => resolve(true));
    const onError = (error: Error): void => settle(() => reject(error));
    const settle = (answer: () => void): void => {
      input.off('readable', onReadable).off('end', onEnd).off('close', onEnd).off('error', onError);
      answer();
    };
    input.on('readable', onReadable).on('end', onEnd).on('close', onEnd).on('error', onError);
  });
}
