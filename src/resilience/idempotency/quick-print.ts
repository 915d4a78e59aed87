/**
 * The fingerprint of a request whose body a parser has taken apart, for a store within this process: 64 bits over method,
 * target and body, in which the order of members does not count.
 *
 * Nothing is written, sorted or kept, so it costs a tenth of a digest of the canonical text. It tells a key that was reused
 * by mistake from a retry; it is no cryptographic digest. Two bodies that agree would have to come under one key of one
 * tenant, with a seed that nobody knows, and would earn an answer that this tenant already has.
 */
import { randomBytes } from 'node:crypto';
import { canonical, tooDeep } from './fingerprint.ts';

/** What a value is, so that 1, '1', [1] and { 1: … } differ. */
const NULL = 1;
const TRUE = 2;
const FALSE = 3;
const INTEGER = 4;
const NUMBER = 5;
const TEXT = 6;
const ITEMS = 7;
const MEMBERS = 8;
/** What JSON does not have, by its canonical text. */
const OTHER = 9;

/** Odd and with their bits well spread; different, so that the two halves do not agree together. */
const [FACTOR_A, FACTOR_B] = [0x9e3779b1, 0x85ebca6b];
const [SEED_A, SEED_B] = [randomBytes(4).readInt32LE(), randomBytes(4).readInt32LE()];

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** The two halves so far: module variables, since a state that is passed around is allocated. */
let a = 0;
let b = 0;

/** Four UTF-16 units; the same for equal requests, within this process only. */
export function quickPrint(method: string, url: string, body: unknown): string {
  a = SEED_A;
  b = SEED_B;
  feedText(method);
  feedText(url);
  feedValue(body, 0);
  a = spread(a ^ (b >>> 16));
  b = spread(b ^ a);
  return String.fromCharCode(a & 0xffff, a >>> 16, b & 0xffff, b >>> 16);
}

function feedValue(value: unknown, depth: number): void {
  if (typeof value === 'string') {
    feed(TEXT);
    feedText(value);
  } else if (typeof value === 'number') feedNumber(value);
  else if (value === null || value === undefined) feed(NULL);
  else if (typeof value === 'boolean') feed(value ? TRUE : FALSE);
  else if (typeof value === 'object' && !isOther(value)) {
    tooDeep(depth);
    if (Array.isArray(value)) feedItems(value, depth + 1);
    else feedMembers(value as Record<string, unknown>, depth + 1);
  } else {
    feed(OTHER);
    feedText(canonical(value));
  }
}

function isOther(value: object): boolean {
  return value instanceof Uint8Array || typeof (value as { toJSON?: unknown }).toJSON === 'function';
}

function feedNumber(value: number): void {
  const integer = value | 0;
  if (integer === value) {
    feed(INTEGER);
    feed(integer);
    return;
  }
  // JSON has no NaN; other formats have several.
  double[0] = Number.isNaN(value) ? Number.NaN : value;
  feed(NUMBER);
  feed(halves[0]!);
  feed(halves[1]!);
}

function feedItems(items: readonly unknown[], depth: number): void {
  feed(ITEMS);
  feed(items.length);
  for (let i = 0; i < items.length; i++) feedValue(items[i], depth);
}

/**
 * Each member alone, from the seed, and then their sum: the same in every order. Most of a body passes here, so the two
 * halves are local and the common value is fed in place: through the functions below it takes twice the time.
 */
function feedMembers(members: Readonly<Record<string, unknown>>, depth: number): void {
  const beforeA = a;
  const beforeB = b;
  let sumA = 0;
  let sumB = 0;
  let count = 0;
  for (const name in members) {
    const value = members[name];
    // As JSON writes it.
    if (value === undefined) continue;
    const { length } = name;
    let x = SEED_A ^ length;
    let y = SEED_B ^ length;
    for (let i = 0; i < length; i++) {
      const unit = name.charCodeAt(i);
      x = Math.imul(x ^ unit, FACTOR_A);
      x = (x << 13) | (x >>> 19);
      y = Math.imul(y ^ unit, FACTOR_B);
      y = (y << 15) | (y >>> 17);
    }
    if (typeof value === 'number' && (value | 0) === value) {
      x = Math.imul(x ^ INTEGER, FACTOR_A);
      x = Math.imul(((x << 13) | (x >>> 19)) ^ value, FACTOR_A);
      y = Math.imul(y ^ INTEGER, FACTOR_B);
      y = Math.imul(((y << 15) | (y >>> 17)) ^ value, FACTOR_B);
    } else {
      a = x;
      b = y;
      feedValue(value, depth);
      x = a;
      y = b;
    }
    x = spread(x ^ (y >>> 16));
    y = spread(y ^ x);
    sumA = (sumA + x) | 0;
    sumB = (sumB + y) | 0;
    count++;
  }
  a = beforeA;
  b = beforeB;
  feed(MEMBERS);
  feed(count);
  feed(sumA);
  feed(sumB);
}

/** The length ends it: no text runs into what follows. */
function feedText(text: string): void {
  const { length } = text;
  feed(length);
  let x = a;
  let y = b;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    x = Math.imul(x ^ unit, FACTOR_A);
    x = (x << 13) | (x >>> 19);
    y = Math.imul(y ^ unit, FACTOR_B);
    y = (y << 15) | (y >>> 17);
  }
  a = x;
  b = y;
}

function feed(word: number): void {
  a = Math.imul(a ^ word, FACTOR_A);
  a = (a << 13) | (a >>> 19);
  b = Math.imul(b ^ word, FACTOR_B);
  b = (b << 15) | (b >>> 17);
}

/** Until every bit depends on every other one, so that sums do not cancel out: the last step of MurmurHash3. */
function spread(half: number): number {
  let mixed = Math.imul(half ^ (half >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
