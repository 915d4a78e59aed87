/**
 * Bodies that fetch hands to its dispatcher as a generator, although their length is known: read into memory, so that
 * they can be sent again.
 */
import type { Dispatcher } from 'undici';

import { requestHeader } from './headers.ts';
import type { Cancellable, Policy } from './policy.ts';
import { undici } from './undici.ts';

/** Longer bodies are sent once. */
const MAX_HELD_BYTES = 16_777_216;

/** The announced length of a body that should be collected first, in bytes; negative when it should not. */
export function lengthToCollect({ body, headers }: Dispatcher.DispatchOptions): number {
  // Streams, blobs and forms have an iterator as well, and undici a better way with them.
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return -1;
  if (!(Symbol.asyncIterator in body) || 'pipe' in body || 'getReader' in body) return -1;
  const length = requestHeader(headers, 'content-length');
  if (length === null || !/^\d{1,9}$/.test(length) || Number(length) > MAX_HELD_BYTES) return -1;
  return Number(length);
}

/** Under way in the eyes of the policy: to close waits for it, to destroy ends it. */
export class Collecting implements Cancellable {
  readonly #policy: Policy;
  readonly #fail: (error: Error) => void;
  #ended = false;

  constructor(policy: Policy, fail: (error: Error) => void) {
    this.#policy = policy;
    this.#fail = fail;
    policy.begin(this);
    policy.cancellable.add(this);
  }

  /** Calls `then` with the bytes, unless it is cancelled or the body fails. */
  run(body: unknown, lengthBytes: number, then: (bytes: Buffer) => void): void {
    collect(body as AsyncIterable<Uint8Array>, lengthBytes).then(
      (bytes) => {
        if (this.#ended) return;
        this.#ended = true;
        then(bytes);
        // Not before: the policy must not be idle in between.
        this.#policy.end(this);
      },
      (error: unknown) => this.cancel(error instanceof Error ? error : new Error(String(error))),
    );
  }

  cancel(reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#policy.end(this);
    this.#fail(reason);
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>, lengthBytes: number): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let readBytes = 0;
  for await (const chunk of chunks) {
    readBytes += chunk.length;
    if (readBytes > lengthBytes) throw new undici.errors.RequestContentLengthMismatchError();
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}
