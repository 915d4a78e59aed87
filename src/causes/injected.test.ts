import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, two exchanges of four bytes each; the server's TTL as captured is 61. */
const OPEN = `
0    > S
10   < SA
10.1 > A
20   > PA len=4
30   < PA len=4
30.1 > A
40   > PA len=4
50   < PA len=4
50.1 > A
60   > PA len=4 win=777
`;

describe('injected', () => {
  it('is likely when the endpoint talks on and the RST is set apart, and says what it looks like', () => {
    const { cause, mechanism } = judge(
      `${OPEN}62 < RA win=777 ts=off df=0 id=51111 ttl=57\n90 < PA len=9\n300 < PA len=9`,
    );
    expect(cause).toMatchObject({ id: 'injected', level: 'likely' });
    const shape = mechanism.evidence.find(({ fact }) => fact === 'device-shape')!;
    expect(shape.text).toBe('its form is that of Suricata reject (only read about)');
    expect(mechanism.cannotTell.join(' ')).toContain('eve.json');
  });
  it('quotes the tampering signature, and that it accuses nobody', () => {
    const { cause } = judge(`${OPEN}62 < RA df=0 id=51111 ttl=57\n90 < PA len=9\n300 < PA len=9`);
    expect(cause.evidence.find(({ fact }) => fact === 'tampering-signature')?.text).toContain(
      'alone it accuses nobody',
    );
  });
  it('is as likely somebody’s tcpkill when it has that form', () => {
    const { cause } = judge(
      `${OPEN}70 < R df=0 id=4711 ttl=64\n70.01 < R seq=786 df=0 id=99 ttl=64\n70.02 < R seq=2340 df=0 id=1 ttl=64`,
    );
    expect(cause).toMatchObject({ id: 'injected', level: 'possible', group: ['injected', 'killed'] });
  });
  it('is only possible when nothing but guessed numbers and one more sign speak for it', () => {
    const { cause, mechanism } = judge(`${OPEN}62 < R ttl=60\n62.1 < R seq=1469 ttl=60\n62.2 < R seq=4389 ttl=60`);
    expect(mechanism).toMatchObject({ mechanism: 'forged', level: 'possible', actorLevel: 'possible' });
    expect(cause).toMatchObject({ id: 'injected', level: 'possible' });
  });
  it('stays quiet on an abort, whatever its TTL', () => {
    expect(judge(`${OPEN}62 < RA ttl=40`).fired).not.toContain('injected');
  });
});
