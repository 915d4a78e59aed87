/** Which request bodies can be sent again, and what to send next. */
import { Readable } from 'node:stream';

/** In characters or bytes; a character takes three bytes at most, and the head of the request comes on top. */
const STALLING_LENGTH = 2700;

/** A function that returns a new body for each attempt: how a stream becomes replayable. */
export type BodyFactory = () => unknown;

/** Whether undici writes it together with the head, in one call. */
export function isBytes(body: unknown): boolean {
  if (body === null || body === undefined || typeof body === 'string') return true;
  return ArrayBuffer.isView(body) || body instanceof ArrayBuffer;
}

/**
 * Whether a write of these bytes can make a quiet connection say that it needs to drain: not when head and body stay
 * below the smallest high-water mark of Node's streams, 16 KiB.
 */
export function mayStall(bytes: unknown): boolean {
  if (bytes === null || bytes === undefined) return false;
  return (
    (typeof bytes === 'string' ? bytes.length : (bytes as ArrayBuffer | ArrayBufferView).byteLength) >= STALLING_LENGTH
  );
}

/** Whether the same bytes can be had once more. A form that was not read before gets a new boundary each time, so it counts as a stream. */
export function isReplayable(body: unknown): boolean {
  return isBytes(body) || typeof body === 'function' || isBlob(body);
}

/** Whether somebody has begun to read a body that can be read once. */
export function isSpent(body: unknown): boolean {
  if (isReplayable(body)) return false;
  const { destroyed, locked } = body as { destroyed?: boolean; locked?: boolean };
  return destroyed === true || locked === true || (isReadable(body) && Readable.isDisturbed(body));
}

/** What to give undici for the next attempt. */
export function nextBody(body: unknown): unknown {
  return typeof body === 'function' ? (body as BodyFactory)() : body;
}

function isReadable(body: unknown): body is Readable {
  return typeof body === 'object' && body !== null && ('pipe' in body || 'getReader' in body);
}

function isBlob(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'arrayBuffer' in body && 'size' in body && 'stream' in body;
}
