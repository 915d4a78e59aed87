import { describe, expect, it } from 'vitest';

import { type Attempt, toAttempt } from './attempt.ts';
import { ConnectionError } from './connection-error.ts';

const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

function errorOf(attempts: readonly Attempt[]): ConnectionError {
  return new ConnectionError({
    code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
    message: 'the answer was cut short',
    attempts,
    execution: 'maybe-executed',
    retry: 'safe',
    remedy: 'ask again',
    operation: 'GET http://127.0.0.1/',
    cause: reset,
  });
}

const awaited = toAttempt({ n: 1, phase: 'response', sent: 'yes', reused: true, idleMs: 7, error: reset });
const cut = toAttempt({ n: 2, phase: 'response', sent: 'yes', reused: false, idleMs: 0, status: 200, error: reset });

it('as JSON it is what a log needs, and no more', () => {
  expect(JSON.parse(JSON.stringify({ failed: errorOf([awaited, cut]) }))).toEqual({
    failed: {
      name: 'ConnectionError',
      message: 'the answer was cut short',
      code: 'ERR_FIRSTHAND_RESPONSE_TRUNCATED',
      execution: 'maybe-executed',
      retry: 'safe',
      attempts: [
        {
          n: 1,
          phase: 'response',
          sent: 'yes',
          reused: true,
          idleMs: 7,
          error: { code: 'ECONNRESET', message: 'read ECONNRESET' },
        },
        {
          n: 2,
          phase: 'response',
          sent: 'yes',
          reused: false,
          idleMs: 0,
          status: 200,
          error: { code: 'ECONNRESET', message: 'read ECONNRESET' },
        },
      ],
    },
  });
});

describe('printed', () => {
  it('says that the answer was cut short where one had begun', () => {
    const text = errorOf([cut]).explain();
    expect(text).toContain('executed  the server answered with status 200, and the answer was cut short');
    expect(text).toContain('while the answer arrived');
    expect(text).not.toContain('perhaps');
    const refused = toAttempt({ n: 3, phase: 'connect', sent: 'no', reused: false, idleMs: 0, error: reset });
    expect(errorOf([cut, refused]).explain()).not.toContain('perhaps');
  });

  it('says perhaps where none had', () => {
    expect(errorOf([awaited]).explain()).toContain('executed  perhaps: ask the server');
    expect(errorOf([awaited]).explain()).not.toContain('arriv');
    const busy = toAttempt({ n: 1, phase: 'response', sent: 'yes', reused: false, idleMs: 0, status: 503 });
    expect(errorOf([busy, awaited]).explain()).toContain('executed  perhaps: ask the server');
  });
});

it('is no instance of a subclass, and a subclass is an instance of it', () => {
  class Narrower extends ConnectionError {}
  const error = errorOf([awaited]);
  expect(error instanceof ConnectionError).toBe(true);
  expect(error instanceof Narrower).toBe(false);
  const { code, message, attempts, execution, retry, remedy, operation } = error;
  const narrower = new Narrower({ code, message, attempts, execution, retry, remedy, operation });
  expect(narrower instanceof Narrower).toBe(true);
  expect(narrower instanceof ConnectionError).toBe(true);
});
