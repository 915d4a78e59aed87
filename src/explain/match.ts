/** One line of text against every pattern: one pass for the literals, then only the expressions whose literal is there. */
import { findAddresses } from './addresses.ts';
import type { FieldName, Fields, LineMatch, Pattern } from './define.ts';
import { type LiteralScanner, toScanner } from './literals.ts';
import { PATTERNS } from './patterns/list.ts';

/** Longer lines are matched in their first characters only: an expression's time must stay bounded. */
export const MATCHED_CHARS = 8192;

/** Finds any literal of any pattern, in text or bytes; built once, at the first line. */
export function patternScanner(): LiteralScanner {
  return (scanner ??= toScanner(index().literals));
}

/** The first pattern, most specific first, that recognises the line. */
export function matchLine(line: string): LineMatch | null {
  const text = line.length > MATCHED_CHARS ? line.slice(0, MATCHED_CHARS) : line;
  const found = patternScanner().findAll(text);
  if (found.length === 0) return null;
  const { patternsOf } = index();
  const candidates = new Set(found.flatMap((literal) => patternsOf[literal] ?? []));
  for (const at of [...candidates].toSorted((a, b) => a - b)) {
    const pattern = PATTERNS[at];
    const match = pattern?.regex.exec(text);
    if (pattern && match) return { pattern, fields: findAddresses(text, toFields(match.groups)) };
  }
  return null;
}

interface Index {
  readonly literals: readonly string[];
  /** For each literal the positions in the list of patterns that have it. */
  readonly patternsOf: readonly (readonly number[])[];
}

let scanner: LiteralScanner | undefined;
let built: Index | undefined;

function index(): Index {
  return (built ??= toIndex(PATTERNS));
}

function toIndex(patterns: readonly Pattern[]): Index {
  const byLiteral = new Map<string, number[]>();
  for (const [at, { literals }] of patterns.entries()) {
    for (const literal of literals) {
      const known = byLiteral.get(literal);
      if (known) known.push(at);
      else byLiteral.set(literal, [at]);
    }
  }
  return { literals: [...byLiteral.keys()], patternsOf: [...byLiteral.values()] };
}

function toFields(groups: Readonly<Record<string, string | undefined>> | undefined): Fields {
  const fields: Partial<Record<FieldName, string>> = {};
  for (const [name, value] of Object.entries(groups ?? {})) {
    // A number behind a name (`remote2`) serves an alternative of the same expression.
    if (value !== undefined && value !== '') fields[name.replace(/\d$/, '') as FieldName] = value;
  }
  return fields;
}
