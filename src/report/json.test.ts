import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPieces, renderJson, renderNdjson } from './json.ts';
import { sampleReport, sampleReset, sampleSilence } from './testing/sample.ts';

describe('renderJson', () => {
  it('parses back to the same report, hostile strings included, and prints nothing a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const report = sampleReport([sampleReset({ displayFilter: `\u001b[31m\u202e\u009b\u{e0041}${text}` })]);
        const json = renderJson(report);
        expect(JSON.parse(json)).toEqual(report);
        expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });

  it('escapes each character that a terminal obeys, also where it is the only one', () => {
    for (let code = 0x7f; code < 0xfffe; code++) {
      const char = String.fromCharCode(code);
      if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(char)) continue;
      const json = renderNdjson(sampleReport([sampleReset({ displayFilter: char })]));
      expect(json.includes(char) ? code.toString(16) : 'escaped').toBe('escaped');
    }
  });

  it('ends with a newline', () => {
    expect(renderJson(sampleReport())).toMatch(/^\{\n {2}"schemaVersion": 1,[^]*\n\}\n$/);
  });
});

describe('jsonPieces', () => {
  it('are several for a long report, and together what one call would give', () => {
    const resets = Array.from({ length: 300 }, (_, i) => sampleReset({ id: `r${i}` }));
    const report = sampleReport(resets, [sampleSilence()]);
    const pieces = [...jsonPieces(report)];
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(`${JSON.stringify(report, undefined, 2)}\n`);
  });
});

describe('renderNdjson', () => {
  it('gives one record a line, in reading order', () => {
    const story = { title: 't', cause: 'idle-timeout' as const, resets: ['r1'], contrast: [] };
    const report = sampleReport([sampleReset()], [sampleSilence()], { stories: [story] });
    const lines = renderNdjson(report).trimEnd().split('\n');
    const records = lines.map((line) => JSON.parse(line) as { type: string });
    expect(records.map(({ type }) => type)).toEqual(['header', 'input', 'summary', 'story', 'reset', 'silence']);
    expect(records[0]).toEqual({ type: 'header', schemaVersion: 1, tool: report.tool });
    expect(records[4]).toEqual({ type: 'reset', ...report.resets[0] });
  });
});
