/**
 * Fetching the rest of a response body whose connection was lost (RFC 9110 §13.1.5, §14.4, §15.3.7). Only a strong
 * ETag proves that the rest belongs to the part that came.
 */
import { responseHeader } from './headers.ts';
import type { RawHeaders } from './raw-handler.ts';

/** What has to be the same in the answer that brings the rest. */
export interface Checkpoint {
  readonly etag: string;
  /** Length of the whole body in bytes, or null when the first answer did not say. */
  readonly lengthBytes: number | null;
  /** The bytes are those of this coding; empty when none was named. */
  readonly encoding: string;
}

/** Null, or why the rest of this response could not be fetched were it cut. */
export function cannotResume(method: string, status: number, headers: RawHeaders, ranged: boolean): string | null {
  if (method !== 'GET') return `the answer to ${method} cannot be fetched in parts`;
  if (ranged || status !== 200) return `the answer was not the whole of a resource (status ${status})`;
  const etag = responseHeader(headers, 'etag');
  if (etag === null) return 'the server sent no ETag';
  if (etag.startsWith('W/')) return `the server sent a weak ETag, ${etag}`;
  if (responseHeader(headers, 'accept-ranges')?.trim().toLowerCase() === 'none') return 'the server accepts no ranges';
  return null;
}

/** Reads what to hold the rest against; only after `cannotResume` gave null. */
export function toCheckpoint(headers: RawHeaders): Checkpoint {
  return {
    etag: responseHeader(headers, 'etag') ?? '',
    lengthBytes: contentLength(headers),
    encoding: encodingOf(headers),
  };
}

/** What an answer brings that can be joined to the part that came. */
export interface Rest {
  /** How many bytes of the new body to leave out before the rest begins. */
  readonly skipBytes: number;
  /** Length of the whole in bytes, or null when neither answer said. */
  readonly lengthBytes: number | null;
}

/**
 * The rest, or why this answer does not bring it. A whole 200 with the same strong ETag is the same bytes again: what
 * came before is skipped.
 */
export function checkRest(
  { etag, lengthBytes, encoding }: Checkpoint,
  receivedBytes: number,
  status: number,
  headers: RawHeaders,
): Rest | string {
  if (status !== 200 && status !== 206) return `the server answered the request for the rest with status ${status}`;
  const given = responseHeader(headers, 'etag');
  if (given !== etag) return `the resource changed: its ETag was ${etag} and is ${given ?? 'missing'}`;
  const coded = encodingOf(headers);
  if (coded !== encoding) return `the Content-Encoding changed from ${encoding || 'none'} to ${coded || 'none'}`;
  if (status === 200) {
    const wholeBytes = contentLength(headers);
    if (wholeBytes !== null && lengthBytes !== null && wholeBytes !== lengthBytes)
      return `the length changed from ${lengthBytes} to ${wholeBytes} bytes`;
    if (wholeBytes !== null && wholeBytes < receivedBytes)
      return `the server sent ${wholeBytes} bytes as the whole, of which ${receivedBytes} had come`;
    return { skipBytes: receivedBytes, lengthBytes: lengthBytes ?? wholeBytes };
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(responseHeader(headers, 'content-range') ?? '');
  if (range === null) return 'the server sent 206 without a readable Content-Range';
  const [, first, last, total] = range;
  const end = lengthBytes ?? (total === '*' ? null : Number(total));
  if (Number(first) !== receivedBytes) return `the server sent the range from ${first} instead of ${receivedBytes}`;
  if (total !== '*' && lengthBytes !== null && Number(total) !== lengthBytes)
    return `the length changed from ${lengthBytes} to ${total} bytes`;
  if (end === null || Number(last) !== end - 1) return `the server's range ends at ${last} before the end`;
  return { skipBytes: 0, lengthBytes: end };
}

function contentLength(headers: RawHeaders): number | null {
  const length = responseHeader(headers, 'content-length');
  return length !== null && /^\d+$/.test(length) ? Number(length) : null;
}

/** In lower case; `identity` is the name of none (RFC 9110 §8.4.1). */
function encodingOf(headers: RawHeaders): string {
  const encoding = (responseHeader(headers, 'content-encoding') ?? '').trim().toLowerCase();
  return encoding === 'identity' ? '' : encoding;
}
