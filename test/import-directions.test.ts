/** The layers of docs/architecture.md, enforced: who may import whom, and what may not use Node. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** Each layer may import itself and those listed. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  terms: [],
  wire: [],
  capture: ['terms', 'wire'],
  flow: ['terms', 'wire', 'capture'],
  vantage: ['terms', 'wire', 'capture', 'flow'],
  evidence: ['terms', 'wire', 'capture', 'flow', 'vantage'],
  causes: ['terms', 'wire', 'capture', 'flow', 'vantage', 'evidence'],
  report: ['terms', 'wire', 'capture', 'flow', 'vantage', 'evidence', 'causes'],
  /** Beside the reader: it shares the words, the causes' docs and the look of the page. */
  explain: ['terms', 'evidence', 'causes', 'report'],
  collect: ['terms', 'wire', 'capture', 'flow', 'vantage', 'evidence', 'causes', 'report', 'explain'],
  resilience: ['terms'],
  cli: ['terms', 'wire', 'capture', 'flow', 'vantage', 'evidence', 'causes', 'report', 'explain', 'collect'],
};
/** Run in a browser: no Node built-in, no Buffer, no process. */
const PORTABLE: readonly string[] = [
  'terms',
  'wire',
  'capture',
  'flow',
  'vantage',
  'evidence',
  'causes',
  'report',
  'explain',
];

/** An import or re-export in one line, the last line of a longer one, or a dynamic one; not the word in a text. */
const IMPORT = /^(?:import\b|\} from|export (?:type )?[{*]).*?'([^']+)'|\bimport\('([^']+)'/gm;

interface Source {
  readonly path: string;
  readonly layer: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources = readSources();

describe('import directions', () => {
  it('reads the tree it judges', () => {
    expect(sources.length).toBeGreaterThan(80);
    expect(new Set(sources.map(({ layer }) => layer))).toContain('causes');
  });

  it('no layer imports one to its right', () => {
    const wrong = sources.flatMap(({ path, layer, imports }) => {
      const allowed = MAY_IMPORT[layer];
      if (allowed === undefined) return [];
      return imports
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(SRC, resolve(SRC, dirname(path), name)))
        .filter((target) => !allowed.includes(layerOf(target)) && layerOf(target) !== layer)
        .map((target) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('nothing left of collect uses Node', () => {
    const wrong = sources
      .filter(({ layer, path }) => PORTABLE.includes(layer) || path === 'browser.ts')
      .flatMap(({ path, imports, text }) => [
        ...imports
          .filter((name) => name.startsWith('node:') || (!name.startsWith('.') && name !== 'fzstd'))
          .map((name) => `${path} imports ${name}`),
        ...(/\b(Buffer|process)\.[a-z]/.test(withoutComments(text)) ? [`${path} uses Buffer or process`] : []),
      ]);
    expect(wrong).toEqual([]);
  });
});

function readSources(): Source[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('testing/'))
    .map((path) => {
      const text = readFileSync(join(SRC, path), 'utf8');
      const imports = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2]!);
      return { path, layer: layerOf(path), text, imports };
    });
}

function layerOf(path: string): string {
  return path.split('/')[0]!;
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '').replaceAll(/'[^']*'|`[^`]*`/g, '');
}
