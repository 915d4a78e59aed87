/**
 * Forms, and bodies that fetch hands to its dispatcher as a generator although their length is known: read into memory,
 * so that they can be sent again.
 */
import type { Dispatcher } from 'undici';

import { formBytes, isForm, writeForm } from './form.ts';
import { requestHeader } from './headers.ts';
import type { Cancellable, Policy } from './policy.ts';
import { undici } from './undici.ts';

/** Longer bodies are sent once. */
const MAX_HELD_BYTES = 16_777_216;

/** Reads a body into memory; what it gives replaces the options of these names. */
export type Collect = () => Promise<Pick<Dispatcher.DispatchOptions, 'body' | 'headers'>>;

/** How to read the body of a request that should be read first; null when it should not. */
export function toCollect({ body, headers }: Dispatcher.DispatchOptions): Collect | null {
  // Streams and blobs have an iterator as well, and undici a better way with them.
  if (typeof body !== 'object' || body === null || ArrayBuffer.isView(body)) return null;
  if (isForm(body)) return formBytes(body) > MAX_HELD_BYTES ? null : () => writeForm(body, headers);
  if (!(Symbol.asyncIterator in body) || 'pipe' in body || 'getReader' in body) return null;
  const length = requestHeader(headers, 'content-length');
  if (length === null || !/^\d{1,9}$/.test(length) || Number(length) > MAX_HELD_BYTES) return null;
  return async () => ({ body: await collect(body as unknown as AsyncIterable<Uint8Array>, Number(length)) });
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

  /** Calls `then` with what was read, unless it is cancelled or the body fails. */
  run(read: Collect, then: (read: Awaited<ReturnType<Collect>>) => void): void {
    read().then(
      (found) => {
        if (this.#ended) return;
        this.#ended = true;
        then(found);
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
