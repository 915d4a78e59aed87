/** The one error of the capture reader: thrown when nothing of a file can be read. Partial damage is counted instead. */

export type CaptureErrorCode =
  | 'ERR_FIRSTHAND_NOT_A_CAPTURE'
  | 'ERR_FIRSTHAND_UNSUPPORTED_FORMAT'
  | 'ERR_FIRSTHAND_UNSUPPORTED_LINK_TYPE'
  | 'ERR_FIRSTHAND_EMPTY'
  | 'ERR_FIRSTHAND_DAMAGED'
  | 'ERR_FIRSTHAND_CANNOT_OPEN';

/** What a `CaptureError` knows beside its message. */
export interface CaptureErrorFields {
  /** As the user named it; empty where the reader was not told. */
  readonly path?: string;
  /** What the file is, or seems to be. */
  readonly format?: string;
  /** Byte offset of the trouble in the decompressed capture. */
  readonly offset?: number;
  readonly cause?: unknown;
}

const BRAND = Symbol.for('firsthand.CaptureError');

/** A capture that cannot be read; `code` is stable, `message` is one line that says what to do. */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
  readonly code: CaptureErrorCode;
  readonly path: string;
  readonly format: string;
  readonly offset: number;
  /** The message without the path. */
  readonly problem: string;

  constructor(code: CaptureErrorCode, problem: string, fields: CaptureErrorFields = {}) {
    const path = fields.path ?? '';
    super(path === '' ? problem : `${displayPath(path)}: ${problem}`, 'cause' in fields ? { cause: fields.cause } : {});
    this.code = code;
    this.problem = problem;
    this.path = path;
    this.format = fields.format ?? '';
    this.offset = fields.offset ?? 0;
  }

  /** Recognises the error even when it comes from a second copy of this package. */
  static is(error: unknown): error is CaptureError {
    return typeof error === 'object' && error !== null && BRAND in error;
  }

  /** The same error, naming the file. */
  withPath(path: string): CaptureError {
    if (this.path !== '') return this;
    return new CaptureError(this.code, this.problem, {
      path,
      format: this.format,
      offset: this.offset,
      cause: this.cause,
    });
  }
}

Object.defineProperty(CaptureError.prototype, BRAND, { value: true });

/** The error for a capture whose link types, given by name, are all undecoded. */
export function unsupportedLinkType(format: string, names: readonly string[]): CaptureError {
  const problem = `link type ${names.join(', ')} is not supported (${format})`;
  const advice = 'capture on an Ethernet, loopback, raw IP or "any" device';
  return new CaptureError('ERR_FIRSTHAND_UNSUPPORTED_LINK_TYPE', `${problem}; ${advice}`, { format });
}

function displayPath(path: string): string {
  return path === '-' ? 'standard input' : path;
}
