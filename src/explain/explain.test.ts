import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain, type Explained } from './explain.ts';
import { matchLine } from './match.ts';

const know = (text: string): Explained => {
  const found = explain(text);
  if (!found.recognised) throw new Error(`not recognised: ${text}`);
  return found;
};

const answer = (text: string): unknown => {
  const { what, doubt, cleared, causes, retry } = know(text);
  return { what, doubt, cleared, causes, retry };
};

describe('explain', () => {
  it('lets the innermost error of a Node.js stack decide', () => {
    const found = know(`TypeError: fetch failed
    at node:internal/deps/undici/undici:14900:13
    at async main (file:///srv/app.js:3:1) {
  [cause]: Error: read ECONNRESET
      at TCP.onStreamRead (node:internal/stream_base_commons:218:20) {
    errno: -104,
    code: 'ECONNRESET',
    syscall: 'read'
  }
}`);
    expect(found).toMatchObject({ pattern: 'node/read-reset', lineNumber: 4, condition: 'reset' });
    expect(found.also[0]).toEqual({ lineNumber: 1, pattern: 'node/fetch-failed', condition: 'unknown' });
  });

  it('takes the last cause of Java, the first of Python', () => {
    expect(
      know(
        'java.io.IOException: HTTP/1.1 header parser received no bytes\n\tat x\nCaused by: java.net.SocketException: Connection reset',
      ).pattern,
    ).toBe('jvm/reset');
    expect(
      know(
        "ConnectionRefusedError: [Errno 111] Connection refused\n\nDuring handling of the above exception, another exception occurred:\n\nrequests.exceptions.ReadTimeout: HTTPConnectionPool(host='h', port=80): Read timed out. (read timeout=1)",
      ).condition,
    ).toBe('refused');
  });

  it('prefers the message to the code in its properties: socket hang up is a FIN, whatever its code', () => {
    expect(know("Error: socket hang up\n    at x {\n  code: 'ECONNRESET'\n}")).toMatchObject({
      condition: 'closed',
      pattern: 'node/socket-hang-up',
    });
    expect(know("  code: 'ECONNRESET'").condition).toBe('reset');
  });

  it('does not take axios’s ECONNABORTED for an abort', () => {
    expect(know("AxiosError: timeout of 300ms exceeded\n  code: 'ECONNABORTED',").condition).toBe('timed-out');
    expect(know('write ECONNABORTED').condition).toBe('aborted');
  });

  it('fills the commands with the peer’s address, not this side’s', () => {
    const { next, fields } = know('read tcp 10.0.0.9:51234->10.0.0.5:443: read: connection reset by peer');
    expect(fields).toEqual({ local: '10.0.0.9', localPort: '51234', remote: '10.0.0.5', remotePort: '443' });
    expect(next.map(({ command }) => command)).toContain("firsthand watch -i any 'tcp and host 10.0.0.5 and port 443'");
    expect(next.map(({ command }) => command)).toContain('ss -tanpoi dst 10.0.0.5:443');
  });

  it('takes the upstream of a proxy’s line for the peer, and looks two minutes before its time', () => {
    const { next, fields } = know(
      '2026/11/21 04:41:58 [error] 7#7: *13 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1, server: , request: "GET /a HTTP/1.1", upstream: "http://10.0.0.5:8080/a", host: "x"',
    );
    expect(fields).toMatchObject({
      client: '192.0.2.1',
      remote: '10.0.0.5',
      remotePort: '8080',
      request: 'GET /a HTTP/1.1',
    });
    expect(next.map(({ command }) => command)).toContain("journalctl -u SERVICE --since '2026-11-21 04:39:58'");
    expect(next.map(({ command }) => command)).toContain("ss -ltnp 'sport = :8080'");
  });

  it('names what the line does not say in capitals', () => {
    const commands = know('Connection refused').next.map(({ command }) => command);
    expect(commands).toContain("ss -ltnp 'sport = :PORT'");
    expect(commands).toContain('curl -v --connect-timeout 5 http://PEER/');
  });

  it('puts nothing into a command that a shell would obey', () => {
    const evil = ['$(id)', '`id`', ';id', "'x", '|id', '-rf', 'a b', '\u001b[31m', '10.0.0.1;id', '127.0.0.1$(id)'];
    for (const host of evil) {
      const texts = [
        `upstream timed out (110: x) while connecting to upstream, client: ${host}, upstream: "http://${host}:80/"`,
        `requests: HTTPConnectionPool(host='${host}', port=9): Read timed out. (read timeout=1)`,
        `connection to server at "${host}", port 5432 failed: Connection refused`,
        `connect ECONNREFUSED ${host}:1`,
        `Could not connect to Redis at ${host}:6379: Connection refused`,
      ];
      for (const text of texts) {
        for (const { command } of know(text).next) expect(command).not.toMatch(/\$\(id|`id|;id|'x|\|id|-rf|\p{C}/u);
      }
    }
  });

  it('says so when it knows nothing, and names the nearest wordings', () => {
    expect(explain('password reset by administrator')).toEqual({ schemaVersion: 1, recognised: false, nearest: [] });
    const found = explain('upstream closed the connection prematurely');
    expect(found.recognised).toBe(false);
    expect(found).toMatchObject({
      nearest: expect.arrayContaining([expect.stringContaining('upstream prematurely closed')]),
    });
  });

  it('gives one condition the same answer in every language', () => {
    for (const line of [
      'ConnectionResetError: [Errno 104] Connection reset by peer',
      'java.net.SocketException: Connection reset',
      'Errno::ECONNRESET: x',
      'Connection reset by peer (os error 104)',
      'WSAECONNRESET',
      'read tcp 1.2.3.4:5->1.2.3.4:6: read: connection reset by peer',
    ])
      expect(answer(line)).toEqual(answer('read ECONNRESET'));
    for (const line of [
      'ConnectionRefusedError',
      'java.net.ConnectException: Connection refused',
      'Errno::ECONNREFUSED',
      'dial tcp 1.2.3.4:5: connect: connection refused',
      'WSAECONNREFUSED',
    ])
      expect(answer(line)).toEqual(answer('connect ECONNREFUSED 1.2.3.4:5'));
  });

  it('never throws', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'read ECONNRESET',
        ' client: ',
        'upstream: "http://',
        '->',
        ':80',
        ': EOF',
        '\n',
        'Caused by',
        '2026-13-45T99:99:99Z',
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(typeof explain(pieces.join('')).recognised).toBe('boolean');
      }),
    );
  });
});

describe('matchLine', () => {
  it('looks at the beginning of an endless line only', () => {
    expect(matchLine(`read ECONNRESET${'x'.repeat(1_000_000)}`)?.pattern.id).toBe('node/read-reset');
    expect(matchLine(`${'x'.repeat(1_000_000)} read ECONNRESET`)).toBeNull();
  });

  it('reads the fields of a HAProxy line', () => {
    const line =
      '127.0.0.1:34224 [21/Nov/2026:04:42:01.775] fe b1/s1 0/0/0/1/51 200 57 - - SD-- 1/1/0/0/0 0/0 "GET /x HTTP/1.1"';
    expect(matchLine(line)?.fields).toEqual({
      client: '127.0.0.1',
      clientPort: '34224',
      time: '21/Nov/2026:04:42:01.775',
      status: '200',
      bytes: '57',
      code: 'SD',
      request: 'GET /x HTTP/1.1',
    });
  });
});
