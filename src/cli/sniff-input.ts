/** Looks at the first bytes of standard input and puts them back: a capture is read, anything else explained. */
import { Readable } from 'node:stream';
import { BYTES_TO_SNIFF, sniff } from '../capture/detect.ts';

export interface Sniffed {
  /** It begins like a capture, or like a compressed one. */
  readonly isCapture: boolean;
  /** All of the input, the bytes that were looked at included. */
  readonly input: Readable;
}

/** Waits for the first bytes of the input, within a compression too. One that ends before them holds no capture. */
export async function sniffInput(input: Readable): Promise<Sniffed> {
  const look = await import('./look-inside.ts');
  const chunks: Buffer[] = [];
  for (;;) {
    const chunk = input.read() as Buffer | string | null;
    if (chunk !== null) {
      chunks.push(Buffer.from(chunk as Buffer));
      const first = Buffer.concat(chunks);
      const isCapture = holdsCapture(first, look);
      // An input that has ended meanwhile takes nothing back: between reading and this nothing may be awaited.
      if (isCapture !== null) {
        input.unshift(first);
        return { isCapture, input };
      }
    } else if (await hasEnded(input)) {
      return { isCapture: false, input: Readable.from(chunks) };
    }
  }
}

/** Null when more bytes are needed to tell. */
function holdsCapture(first: Buffer, { BYTES_TO_LOOK_INSIDE, lookInside }: LookInside): boolean | null {
  if (first.length < BYTES_TO_SNIFF) return null;
  const inside = lookInside(first);
  if (inside.length < BYTES_TO_SNIFF) return first.length < BYTES_TO_LOOK_INSIDE ? null : true;
  const kind = sniff(inside)?.kind;
  return kind !== undefined && kind !== 'not-a-capture';
}

type LookInside = typeof import('./look-inside.ts');

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
