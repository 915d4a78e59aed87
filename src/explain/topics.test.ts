import { describe, expect, it } from 'vitest';
import { CAUSE_IDS, SILENCE_IDS } from '../terms/causes.ts';
import { findTopic, TOPICS } from './topics.ts';

describe('topics', () => {
  it('are found by their questions as people ask them', () => {
    for (const { id, aliases } of TOPICS)
      for (const name of [id, ...aliases]) expect([name, findTopic(name)?.id]).toEqual([name, id]);
    expect(findTopic('Reset or refused?')?.id).toBe('reset-or-refused');
    expect(findTopic('keep-alives at which layer?')?.id).toBe('keep-alive');
    expect(findTopic('How in Node?')?.id).toBe('node');
    expect(findTopic('what is half-close')?.id).toBe('half-close');
    expect(findTopic('TIME_WAIT')?.id).toBe('time-wait');
    expect(findTopic('502')?.id).toBe('502-503-504');
  });

  it('are not found in error messages', () => {
    for (const text of ['read ECONNRESET', 'socket hang up', '502 Bad Gateway', 'reset', '', '?'.repeat(1000)])
      expect([text, findTopic(text)]).toEqual([text, null]);
  });

  it('have names of their own, none of them a cause, and see only causes', () => {
    const names = TOPICS.flatMap(({ id, aliases }) => [id, ...aliases]);
    const causes: readonly string[] = [...CAUSE_IDS, ...SILENCE_IDS];
    expect(names.filter((name, at) => names.indexOf(name) !== at || causes.includes(name))).toEqual([]);
  });
});
