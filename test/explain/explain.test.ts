/** Real lines of many programs, with what each must be taken for; and lines that must be taken for nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explain/explain.ts';
import { PATTERNS } from '../../src/explain/patterns/list.ts';

interface Sample {
  readonly program: string;
  readonly how: string;
  readonly expected: string;
  readonly line: string;
}

const samples = readLines('lines.tsv')
  .slice(1)
  .map((row): Sample => {
    const [program = '', , how = '', condition, phase, cause, ...line] = row.split('\t');
    return { program, how, expected: `${condition}, ${phase}, ${cause}`, line: line.join('\t') };
  });

describe('explain', () => {
  it('is tried on enough lines of enough programs, most of them really printed by one', () => {
    const run = samples.filter(({ how }) => how === 'run');
    expect(samples.length).toBeGreaterThanOrEqual(150);
    expect(run.length).toBeGreaterThanOrEqual(150);
    expect(new Set(run.map(({ program }) => program)).size).toBeGreaterThanOrEqual(40);
    expect(new Set(samples.map(({ how }) => how))).toEqual(new Set(['run', 'docs']));
  });

  it('gives every line its condition, phase and first cause', () => {
    const wrong = samples
      .map((sample) => ({ ...sample, got: toAnswer(sample.line) }))
      .filter(({ got, expected }) => got !== expected)
      .map(({ program, line, got, expected }) => `${program}: ${got} instead of ${expected}: ${line}`);
    expect(wrong).toEqual([]);
  });

  it('recognises none of a hundred unrelated lines', () => {
    const lines = readLines('unrelated.txt');
    expect(lines.length).toBeGreaterThanOrEqual(100);
    const taken = lines.filter((line) => explain(line).recognised);
    expect(taken).toEqual([]);
  });

  it('knows its own examples, each by its own pattern', () => {
    const wrong = PATTERNS.filter(({ id, example }) => toPattern(example) !== id).map(
      ({ id, example }) => `${id}: ${toPattern(example)}: ${example}`,
    );
    expect(wrong).toEqual([]);
  });
});

function toAnswer(line: string): string {
  const found = explain(line);
  return found.recognised ? `${found.condition}, ${found.phase}, ${found.causes[0]?.id}` : 'nothing';
}

function toPattern(line: string): string {
  const found = explain(line);
  return found.recognised ? found.pattern : 'nothing';
}

function readLines(name: string): string[] {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
    .trimEnd()
    .split('\n');
}
