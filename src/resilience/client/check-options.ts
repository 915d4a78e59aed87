/** Refuses what no option can be, with the name, the value and what is needed: types do not bind programs in JavaScript. */
import { inspect } from 'node:util';

/** What the same thing is called elsewhere: undici, got, opossum, p-retry. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  retries: 'maxAttempts',
  maxRetries: 'maxAttempts',
  limit: 'maxAttempts',
  minTimeout: 'minDelayMs',
  maxTimeout: 'maxDelayMs',
  timeout: 'deadlineMs',
  threshold: 'consecutiveFailures',
  failureThreshold: 'consecutiveFailures',
  resetTimeout: 'halfOpenAfterMs',
};

/** Throws a TypeError unless `options` is an object that has only these names. */
export function checkNames(where: string, options: unknown, names: readonly string[], orElse = ''): void {
  if (!isObject(options)) throw new TypeError(`${where} is ${quote(options)}: an object of options${orElse} is needed`);
  for (const [name, value] of Object.entries(options)) {
    if (names.includes(name)) continue;
    const near = nearest(name, names);
    const guess = near === null ? '' : `did you mean ${near}? `;
    const all = names.length === 0 ? 'none' : names.join(', ');
    throw new TypeError(`${where} has no option ${name} (${quote(value)}): ${guess}it takes ${all}`);
  }
}

export interface NumberRange {
  readonly from: number;
  readonly to: number;
  readonly whole?: boolean;
  /** The lower end itself is too little. */
  readonly above?: boolean;
}

/** Throws a TypeError for what is no number, a RangeError for one that is out of range. */
export function checkNumber(name: string, value: unknown, { from, to, whole, above }: NumberRange): void {
  const range = above === true ? `above ${from}, up to ${to}` : `from ${from} to ${to}`;
  const needed = `${name} is ${quote(value)}: a ${whole === true ? 'whole ' : ''}number ${range} is needed`;
  if (typeof value !== 'number') throw new TypeError(needed);
  const low = above === true ? value > from : value >= from;
  if (!(low && value <= to && (whole !== true || Number.isInteger(value)))) throw new RangeError(needed);
}

/** Throws unless `value` is one of these words. */
export function checkWord(name: string, value: unknown, words: readonly string[]): void {
  if (words.includes(value as string)) return;
  const needed = `${name} is ${quote(value)}: ${words.map((word) => quote(word)).join(' or ')} is needed`;
  throw typeof value === 'string' ? new RangeError(needed) : new TypeError(needed);
}

/** Throws unless `value` is a list of statuses. */
export function checkStatusCodes(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} is ${quote(value)}: an array of statuses is needed`);
  for (const status of value as unknown[])
    checkNumber(`a status in ${name}`, status, { from: 100, to: 599, whole: true });
}

/** Throws a TypeError unless `value` is an object with all these methods. */
export function checkMethods(name: string, value: unknown, methods: readonly string[], needed: string): void {
  const found = value as Readonly<Record<string, unknown>>;
  if (isObject(value) && methods.every((method) => typeof found[method] === 'function')) return;
  throw new TypeError(`${name} is ${quote(value)}: ${needed} is needed`);
}

/** A value on one short line. */
export function quote(value: unknown): string {
  const text = inspect(value, {
    depth: 0,
    compact: true,
    breakLength: Infinity,
    maxArrayLength: 5,
    maxStringLength: 40,
  });
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The name that was most likely meant; null when none is like it. */
function nearest(name: string, names: readonly string[]): string | null {
  const known = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name]! : '';
  if (names.includes(known)) return known;
  let best: string | null = null;
  let bestEdits = name.length / 2 + 1;
  for (const candidate of names) {
    const edits = editsBetween(name.slice(0, 40).toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return best;
}

/** Letters to insert, delete or replace (Levenshtein 1966). */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
