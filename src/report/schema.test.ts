import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { ACTORS, LEVELS, ROLES, ROLES_FROM } from '../terms/actors.ts';
import { CAUSE_IDS, SILENCE_IDS } from '../terms/causes.ts';
import { MECHANISMS } from '../terms/mechanisms.ts';
import { IMPACTS, RETRIES } from '../terms/outcome.ts';
import { PHASES } from '../terms/phases.ts';
import { FULL_REPORT, sampleReport, sampleReset, sampleSilence } from './testing/sample.ts';

interface Node {
  readonly $ref?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly $defs?: Readonly<Record<string, Node>>;
}

const schema = JSON.parse(readFileSync(new URL('../../schema/report-v1.json', import.meta.url), 'utf8')) as Node;
const validate = compile();

describe('report-v1.json', () => {
  it('accepts the reports that the types allow', () => {
    for (const report of [
      FULL_REPORT,
      sampleReport(),
      sampleReport([]),
      sampleReport([sampleReset()], [sampleSilence()]),
    ]) {
      expect(validate(report), JSON.stringify(validate.errors)).toBe(true);
    }
  });

  it.each([
    ['an unknown field', { ...sampleReport(), extra: 1 }],
    ['another version', { ...sampleReport(), schemaVersion: 2 }],
    ['a missing list', { ...sampleReport(), silences: undefined }],
    [
      'an unknown cause',
      sampleReport([{ ...sampleReset(), cause: { ...sampleReset().cause, id: 'gremlins' as never } }]),
    ],
    [
      'a silence as the cause of a reset',
      sampleReport([{ ...sampleReset(), cause: { ...sampleReset().cause, id: 'idle-dropped' as never } }]),
    ],
    ['a confidence above 1', sampleReport([sampleReset({ cause: { id: 'stray', level: 'likely', confidence: 72 } })])],
    ['a frame number 0', sampleReport([sampleReset({ rsts: [{ ...sampleReset().rsts[0]!, frame: 0 }] })])],
    ['a local time', sampleReport([sampleReset({ rsts: [{ ...sampleReset().rsts[0]!, at: '10:01' }] })])],
  ])('rejects %s', (_, report) => {
    expect(validate(report)).toBe(false);
  });

  it('has the same words as the terms', () => {
    expect(words('causeId')).toEqual(CAUSE_IDS);
    expect(words('silenceId')).toEqual(SILENCE_IDS);
    expect(words('actor')).toEqual(ACTORS);
    expect(words('role')).toEqual(ROLES);
    expect(words('level')).toEqual(LEVELS);
    expect(words('rolesFrom')).toEqual(ROLES_FROM);
    expect(words('mechanism')).toEqual(MECHANISMS);
    expect(words('phase')).toEqual(PHASES);
    expect(words('impact')).toEqual(IMPACTS);
    expect(words('retry')).toEqual(RETRIES);
  });

  it('has exactly the fields of the types, which the full sample is made to name', () => {
    expect(compareFields(schema, FULL_REPORT, 'report')).toEqual([]);
  });
});

function words(name: string): readonly string[] | undefined {
  return schema.$defs?.[name]?.enum;
}

function compile(): ValidateFunction {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  formats.default(ajv);
  return ajv.compile(schema);
}

function compareFields(node: Node, value: unknown, path: string): string[] {
  const target = node.$ref ? (schema.$defs?.[node.$ref.replace('#/$defs/', '')] ?? {}) : node;
  if (Array.isArray(value))
    return target.items ? value.flatMap((item) => compareFields(target.items ?? {}, item, path)) : [];
  if (typeof value !== 'object' || value === null || !target.properties) return [];
  const fields = new Map(Object.entries(value));
  const declared = Object.entries(target.properties);
  return [
    ...declared.filter(([name]) => !fields.has(name)).map(([name]) => `${path}.${name} is only in the schema`),
    ...[...fields.keys()]
      .filter((name) => !target.properties?.[name])
      .map((name) => `${path}.${name} is only in the types`),
    ...declared.flatMap(([name, child]) => compareFields(child, fields.get(name), `${path}.${name}`)),
  ];
}
