import { describe, expect, it } from 'vitest';
import { toInk } from './ink.ts';
import { sampleConnection, sampleReset } from './testing/sample.ts';
import { renderResetBlock } from './text-reset.ts';

describe('who sent it', () => {
  it('is something between two hosts', () => {
    expect(answered('10.0.0.9')).toContain(
      'not 10.0.0.5:443 itself (likely 90%): something between answered in its name',
    );
  });
  it('is a filter where both ends are one host', () => {
    const text = answered('10.0.0.5');
    expect(text).toContain(
      'not 10.0.0.5:443 itself (likely 90%): a packet filter of the same host answered in its name',
    );
    expect(text).not.toContain('between');
  });
});

function answered(client: string): string {
  const sender = { ...sampleReset().sender, actor: 'middlebox' as const, level: 'likely' as const, confidence: 0.9 };
  const connection = sampleConnection({ client: { address: client, port: 51234 } });
  const reset = sampleReset({ mechanism: 'in-path-answer', sender, connection });
  return renderResetBlock(reset, 'some', [], toInk({ width: 160 })).join('\n');
}
