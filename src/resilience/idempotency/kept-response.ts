/** An answer that is made ready for its replay by the first who asks: most are never replayed. */
import { type AnyHeaders, keptHeaders } from './headers.ts';
import type { StoredResponse } from './store.ts';

/** `headers` are all of the answer's, a text is UTF-8, and neither changes after. */
export class KeptResponse implements StoredResponse {
  readonly status: number;
  #headers: AnyHeaders | StoredResponse['headers'];
  #isFiltered = false;
  #body: string | Uint8Array | null;
  readonly #isKept: ((name: string) => boolean) | undefined;

  constructor(
    status: number,
    headers: AnyHeaders,
    isKept: ((name: string) => boolean) | undefined,
    body: string | Uint8Array | null,
  ) {
    this.status = status;
    this.#headers = headers;
    this.#isKept = isKept;
    this.#body = body;
  }

  get headers(): StoredResponse['headers'] {
    if (!this.#isFiltered) this.#headers = keptHeaders(this.#headers, this.#isKept);
    this.#isFiltered = true;
    return this.#headers as StoredResponse['headers'];
  }

  get body(): Uint8Array | null {
    if (typeof this.#body === 'string') this.#body = Buffer.from(this.#body);
    return this.#body;
  }

  /** What it takes in memory at most, without making it ready. */
  get bodyBytes(): number {
    if (this.#body === null) return 0;
    return typeof this.#body === 'string' ? bytesAtMost(this.#body) : this.#body.length;
  }
}

/** Three for each UTF-16 unit, without reading the text. */
export function bytesAtMost(text: string): number {
  return text.length * 3;
}
