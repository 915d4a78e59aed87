/** The published schema as a check. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
formats.default(ajv);
const validate = ajv.compile(
  JSON.parse(readFileSync(new URL('../../schema/report-v1.json', import.meta.url), 'utf8')) as object,
);

/** What the schema has against a report; empty when nothing. */
export function toSchemaErrors(report: unknown): readonly string[] {
  if (validate(report)) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
