/** What makes two requests with one key the same request. */
import { createHash, hash } from 'node:crypto';

/** Raw bytes where they were kept, a parsed body otherwise, or a text that tells what is known of the body. */
export type FingerprintBody = Uint8Array | string | ParsedBody;

/** What a body parser made of the body. */
export interface ParsedBody {
  readonly parsed: unknown;
}

/** Raw bytes up to this size are joined and hashed in one call. */
const ONE_SHOT_BYTES = 16_384;
/** SHA-256 over method, path with query, tenant and body, as hex digits. */
export function fingerprint(method: string, url: string, tenant: string, body: FingerprintBody): string {
  // No method and no request target contains a space or a line end, and the length ends the tenant.
  const head = `${method} ${url}\n${tenant.length}\n${tenant}\n`;
  if (typeof body === 'string') return hash('sha256', head + body, 'hex');
  if (!(body instanceof Uint8Array)) return hash('sha256', head + canonical(body.parsed), 'hex');
  if (body.length <= ONE_SHOT_BYTES) return hash('sha256', Buffer.concat([Buffer.from(head), body]), 'hex');
  return createHash('sha256').update(head).update(body).digest('hex');
}

/**
 * A parsed body as text that does not depend on the order of members: what JSON.stringify would write, names sorted.
 * Bytes count as they are.
 */
export function canonical(body: unknown): string {
  if (typeof body === 'string') return `s${body}`;
  if (body instanceof Uint8Array)
    return `b${Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64')}`;
  return `j${JSON.stringify(sorted(body, 0)) ?? ''}`;
}

// Bodies come from parsers with limits of their own; a deeper one is refused rather than overflow the stack.
const MAX_DEPTH = 500;

/** Throws where a body is nested too deep. */
export function tooDeep(depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError(`The request body is nested deeper than ${MAX_DEPTH}`);
}

function sorted(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? `${value}n` : value;
  tooDeep(depth);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(sorted(item, depth + 1));
    return items;
  }
  if (value instanceof Uint8Array) return canonical(value);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return value;
  const members = value as Record<string, unknown>;
  const copy: Record<string, unknown> = {};
  for (const name of sortedNames(members))
    if (name !== '__proto__') copy[name] = sorted(members[name], depth + 1);
    else Object.defineProperty(copy, name, { value: sorted(members[name], depth + 1), enumerable: true });
  return copy;
}

/** Most objects have few members, for which a call of sort costs more than all the rest. */
const FEW_NAMES = 16;

function sortedNames(members: object): string[] {
  const names = Object.keys(members);
  if (names.length > FEW_NAMES) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i]!;
    let at = i;
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!;
    names[at] = name;
  }
  return names;
}
