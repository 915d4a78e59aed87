import { describe, expect, it } from 'vitest';
import { payloadRejected } from './payload-rejected.ts';
import { judge } from './testing/read.ts';

const OPEN = '0 > S\n1 < SA\n1.1 > A\n';
const post = (announced: number, sent: number) =>
  `2 > PA "POST /upload HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: ${announced}\\r\\n\\r\\n${'x'.repeat(sent)}"\n2.5 < A\n`;
const TOO_LARGE = '3 < PA "HTTP/1.1 413 Payload Too Large\\r\\nContent-Length: 0\\r\\n\\r\\n"\n';

describe('payload-rejected', () => {
  it('fires when an error answers a body that is still on its way', () => {
    const { cause, facts } = judge(`${OPEN}${post(100_000, 500)}${TOO_LARGE}3.1 > A\n4 > PA len=1000\n4.1 < RA`);
    expect(cause).toMatchObject({ id: 'payload-rejected', level: 'likely' });
    expect(cause.evidence.map(({ fact }) => fact)).toEqual(['body-incomplete', 'error-response']);
    expect(cause.evidence[0]).toMatchObject({ expected: '100000 bytes', received: '1500 bytes' });
    expect(payloadRejected.tell({ facts } as Parameters<typeof payloadRejected.tell>[0])).toContain(
      'answered 413 and closed while the request body of 100000 bytes was still arriving',
    );
  });
  it('fires when the server had closed by FIN and more of the body meets no socket', () => {
    const lines = `${OPEN}${post(100_000, 500)}${TOO_LARGE}3.1 < FA\n3.2 > A\n4 > PA len=1000\n4.1 < R`;
    expect(judge(lines).cause).toMatchObject({ id: 'payload-rejected', level: 'likely' });
  });
  it('fires when the rest of the refused request lay unread in a full buffer, however long the body was to be', () => {
    const cut =
      '2 > PA "POST /upload HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9000\\r\\n\\r\\n" keep=24\n2.1 > PA len=9000 keep=0\n';
    const refused = '3 < PA "HTTP/1.1 413 Payload Too Large\\r\\nContent-Length: 0\\r\\n\\r\\n" win=';
    const { cause } = judge(`${OPEN}${cut}${refused}0\n3.1 > A\n4 < RA`);
    expect(cause).toMatchObject({ id: 'payload-rejected', level: 'likely' });
    expect(cause.evidence.map(({ fact }) => fact)).toEqual(['error-response', 'window-reopens']);
    expect(judge(`${OPEN}${cut}${refused}9\n3.1 > A\n4 < RA`).fired).not.toContain('payload-rejected');
  });
  it('stays quiet when the body had arrived whole, and when the client aborts', () => {
    expect(judge(`${OPEN}${post(500, 500)}${TOO_LARGE}3.1 > A\n4 < RA`).fired).not.toContain('payload-rejected');
    expect(judge(`${OPEN}${post(100_000, 500)}4 > RA`).fired).not.toContain('payload-rejected');
  });
  it('stays quiet when the upload had stalled: an abort after quiet has other reasons', () => {
    expect(judge(`${OPEN}${post(100_000, 500)}60000 < RA`).fired).not.toContain('payload-rejected');
  });
  it('cannot tell why the server stopped reading without an answer, and names all that would leave the same bytes', () => {
    const { cause } = judge(`${OPEN}${post(100_000, 500)}4 > PA len=1000\n4.1 < RA`);
    expect(cause).toMatchObject({ id: 'payload-rejected', level: 'possible' });
    expect(cause.group).toEqual(
      expect.arrayContaining(['unread-data', 'linger-zero', 'process-crash', 'killed', 'protocol-mismatch']),
    );
    const again =
      '1.2 > PA "GET / HTTP/1.1\\r\\n\\r\\n"\n1.3 < PA "HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n"\n';
    const second = judge(`${OPEN}${again}${post(100_000, 500)}4 > PA len=1000\n4.1 < RA`).cause;
    expect(second.id).toBe('payload-rejected');
    expect(second.group).not.toContain('protocol-mismatch');
    expect(cause.cannotTell[0]).toMatch(/limits on body size/);
  });
});
