import { describe, expect, it } from 'vitest';
import type { SilenceFacts } from '../../evidence/facts.ts';
import { fires, silenceCase, silenceFacts, type Change } from '../testing/facts.ts';
import { connectTimeout } from './connect-timeout.ts';

const judge = (change: Change<SilenceFacts> = {}) =>
  connectTimeout.judge(silenceCase(silenceFacts({ phase: 'connect', half: { server: { packets: 0 } }, ...change })));

describe('connect-timeout', () => {
  it('fires when a repeated SYN has no answer', () => {
    expect(fires(connectTimeout, judge({ watchedMs: 0 }))).toMatchObject({ weight: 0.9, level: 'likely' });
  });
  it('fires for one SYN when the capture went on long enough to show an answer', () => {
    expect(judge({ repeats: 0, watchedMs: 1500 }).outcome).toBe('fires');
    expect(judge({ repeats: 0, watchedMs: 200 }).outcome).toBe('no');
  });
  it('stays quiet when the server ever answered', () => {
    expect(judge({ half: { server: { packets: 1 } } }).outcome).toBe('no');
    expect(connectTimeout.judge(silenceCase(silenceFacts())).outcome).toBe('no');
  });
});
