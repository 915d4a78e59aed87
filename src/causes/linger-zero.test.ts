import { describe, expect, it } from 'vitest';
import { lingerZero } from './linger-zero.ts';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('linger-zero', () => {
  it('can be the cause when all was answered and a live socket aborts', () => {
    const { fired } = judge(OPEN + '400 < RA');
    expect(fired).toContain('linger-zero');
  });
  it('stays quiet when a kernel without a socket answers', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < R');
    expect(fired).not.toContain('linger-zero');
  });
  it('does not call a refused body read because it was answered', () => {
    const post = '"POST / HTTP/1.1\\r\\nContent-Length: 4\\r\\n\\r\\nbody"';
    const refusal = '"HTTP/1.0 501 Unsupported method\\r\\n\\r\\n"';
    const { cause } = judge(`0 > S\n1 < SA\n1.1 > A\n2 > PA ${post}\n3 < PA ${refusal}\n3.1 > A\n3.2 < FA\n3.3 < RA`);
    expect(cause.id).toBe('unread-data');
    expect(cause.group).toContain('linger-zero');
    expect(cause.evidence.map(({ fact }) => fact)).not.toContain('nothing-unread');
  });
  it('is not the one who repeated its data in vain for long', () => {
    const repeats = [200, 600, 1400, 3000, 6000, 12000].map((at) => `${at} < PA len=500 seq=5`).join('\n');
    const { facts, fired, cause, effects } = judge(`${OPEN}4 < PA len=500\n${repeats}\n24000 < RA`);
    expect(facts.phase).toBe('response');
    expect(fired).not.toContain('linger-zero');
    expect(cause.id).toBe('dead-peer');
    expect(effects).toEqual(['unknown']);
  });
  it('says what was done, not what was meant: a library may do it unasked', () => {
    expect(lingerZero.title).not.toMatch(/purpose|inten|deliberate/);
    expect(lingerZero.title).toContain('library');
  });
  it('cannot tell whether the last bytes had been read', () => {
    const { cause } = judge(OPEN + '400 < RA');
    expect(cause).toMatchObject({ id: 'linger-zero', level: 'possible' });
    expect(cause.group).toEqual(expect.arrayContaining(['unread-data', 'process-crash', 'killed']));
    expect(cause.cannotTell[0]).toContain('TCPAbortOnData on 10.0.0.5');
  });
});
