import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('idle-timeout', () => {
  it('fires on a RST out of a round silence', () => {
    const { fired } = judge(OPEN + '60003 < RA');
    expect(fired).toContain('idle-timeout');
  });
  it('stays quiet when the RST follows at once', () => {
    const { fired } = judge(OPEN + '10 < RA');
    expect(fired).not.toContain('idle-timeout');
  });
  it('cannot tell one odd silence from an abort for another reason', () => {
    const { cause } = judge(OPEN + '7333 < RA');
    expect(cause).toMatchObject({ id: 'idle-timeout', level: 'possible' });
    expect(cause.group).toContain('linger-zero');
    expect(cause.cannotTell[0]).toContain('the same idle time on a second and third connection');
  });
});
