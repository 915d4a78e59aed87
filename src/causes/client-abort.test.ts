import { describe, expect, it } from 'vitest';
import { judge } from './testing/read.ts';

/** Connected, one exchange of four bytes each. */
const OPEN = '0 > S\n1 < SA\n1.1 > A\n2 > PA len=4\n3 < PA len=4\n3.1 > A\n';

describe('client-abort', () => {
  it('fires when the client gives up waiting', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < A\n3000 > RA');
    expect(fired).toContain('client-abort');
  });
  it('stays quiet when the server aborts', () => {
    const { fired } = judge(OPEN + '10 > PA len=4\n11 < A\n3000 < RA');
    expect(fired).not.toContain('client-abort');
  });
  it('claims no missing answer where only the client’s direction was captured', () => {
    const { fired } = judge(
      '0 > S\n1.1 > A ack=1\n2 > PA "GET / HTTP/1.1\\r\\n\\r\\n" ack=1\n30 > A ack=374\n280 > RA win=0 ack=374 ts=off',
    );
    expect(fired).not.toContain('client-abort');
  });
  it('claims no missing answer when the answer came behind a later segment', () => {
    const answer = '"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok"';
    const { fired } = judge(
      `0 > S\n1 < SA\n1.1 > A\n2 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n30 < A seq=41\n40 < PA ${answer} seq=1\n41 > A\n9000 > RA win=0 ts=off`,
    );
    expect(fired).not.toContain('client-abort');
    expect(fired).toContain('benign-close');
  });
  it('cannot tell a response that was cut off from one whose end the capture does not show', () => {
    const asked = '0 > S\n1 < SA\n1.1 > A\n2 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n';
    const answered = (head: string) =>
      `${asked}30 < PA "HTTP/1.1 200 OK\\r\\n${head}\\r\\n\\r\\nok" keep=40\n30.1 > A\n31 > RA`;
    expect(judge(answered('X-Padding: 012345678901234567890')).cause).toMatchObject({
      id: 'client-abort',
      level: 'possible',
      group: ['client-abort', 'benign-close'],
    });
    expect(judge(answered('X: 1')).cause.group ?? []).not.toContain('benign-close');
  });
  it('counts no bytes of a response of which no segment was captured', () => {
    const { fired } = judge('0 > S\n1 < SA\n2 > A\n3 < A seq=123456\n100 > RA');
    expect(fired).not.toContain('client-abort');
  });
});
