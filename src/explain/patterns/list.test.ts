import { describe, expect, it } from 'vitest';
import { CAUSE_IDS, SILENCE_IDS } from '../../terms/causes.ts';
import { FIELD_NAMES } from '../define.ts';
import { PATTERNS } from './list.ts';

describe('patterns', () => {
  it('have ids of their own, their family in front', () => {
    const ids = PATTERNS.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(PATTERNS.filter(({ id, family }) => !id.startsWith(`${family}/`))).toEqual([]);
  });

  it('have literals in lower case, one of which is in every example', () => {
    const wrong = PATTERNS.filter(
      ({ literals, example }) =>
        literals.some((literal) => literal !== literal.toLowerCase()) ||
        // A short text is tried behind a colon too.
        !literals.some((literal) => `: ${example.toLowerCase()}`.includes(literal)),
    );
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('name only known fields and causes', () => {
    const names = new Set<string>(FIELD_NAMES);
    const causes = new Set<string>([...CAUSE_IDS, ...SILENCE_IDS]);
    for (const { id, regex, causes: likely } of PATTERNS) {
      const groups = [...regex.source.matchAll(/\(\?<(\w+?)\d?>/g)].map((match) => match[1]!);
      expect([id, groups.filter((name) => !names.has(name))]).toEqual([id, []]);
      expect([id, likely.length > 0 && likely.every((cause) => causes.has(cause.id) && cause.why !== '')]).toEqual([
        id,
        true,
      ]);
    }
  });

  it('have no state between two lines', () => {
    expect(PATTERNS.filter(({ regex }) => regex.global || regex.sticky)).toEqual([]);
  });

  it('know every termination state that HAProxy’s manual names', () => {
    const manual = 'CC CD cD CH cH CQ CR cR CT LR SC sC SD sD SH sH sQ PC PD PH PR PT RC'.split(' ');
    const ids = new Set(PATTERNS.map(({ id }) => id));
    expect(manual.filter((state) => !ids.has(`haproxy/${state}`))).toEqual([]);
  });

  it('know every response flag of Envoy', () => {
    const manual =
      'UH UF UO NR URX NC DT DC LH UT LR UR UC DI FI RL UAEX RLSE IH SI DPE UPE UMSDR RFCF NFCF OM DF DO DR UDO'.split(
        ' ',
      );
    const ids = new Set(PATTERNS.map(({ id }) => id));
    expect(manual.filter((flag) => !ids.has(`envoy/${flag}`))).toEqual([]);
  });
});
