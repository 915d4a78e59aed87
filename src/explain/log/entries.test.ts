import { describe, expect, it } from 'vitest';
import { matchLine } from '../match.ts';
import { createEntries, type Failure } from './entries.ts';
import { readStamp } from './time.ts';

const toFailures = (...lines: string[]): string[] => {
  const failures: Failure[] = [];
  const entries = createEntries((failure) => failures.push(failure));
  for (const [at, text] of lines.entries())
    entries.add({
      text,
      number: at + 1,
      stamp: readStamp(text, { latestMs: 0, zoneOffsetMin: 0 }),
      match: matchLine(text),
    });
  entries.end();
  return failures.map(({ number, match, stamp }) => `${number} ${match.pattern.id} ${stamp ? 'timed' : 'timeless'}`);
};

const first = (second: number): string => `2026-11-20T10:00:0${second}Z ERROR Error: read ECONNRESET`;

describe('createEntries', () => {
  it('takes a stack trace of Node for one failure, with the time of its first line', () => {
    const trace = [
      '    at TCP.onStreamRead (node:internal/stream_base_commons:217:20) {',
      '  errno: -104,',
      "  code: 'ECONNRESET',",
    ];
    expect(toFailures(first(1), ...trace, first(2), ...trace)).toEqual([
      '1 node/read-reset timed',
      '5 node/read-reset timed',
    ]);
    expect(toFailures('Error: read ECONNRESET', ...trace, 'Error: read ECONNRESET', ...trace)).toEqual([
      '1 node/read-reset timeless',
      '5 node/read-reset timeless',
    ]);
  });

  it('takes the innermost error of a chain: the first in Python, the last cause in Java', () => {
    expect(
      toFailures(
        '2026-11-20 10:00:05,120 ERROR worker job failed',
        'Traceback (most recent call last):',
        'ConnectionResetError: [Errno 104] Connection reset by peer',
        'During handling of the above exception, another exception occurred:',
        "urllib3.exceptions.ProtocolError: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
      ),
    ).toEqual([expect.stringMatching(/^3 python\/.* timed$/)]);
    expect(
      toFailures(
        '2026-11-20 10:00:05,120 ERROR c.e.Client - call failed',
        'org.springframework.web.client.ResourceAccessException: I/O error on POST request: Connection reset',
        '\tat org.springframework.web.client.RestTemplate.doExecute(RestTemplate.java:785)',
        'Caused by: java.net.SocketException: Connection reset',
      ),
    ).toEqual([expect.stringMatching(/^4 .* timed$/)]);
  });

  it('knows traces whose every line has a time, as journald and docker logs write them', () => {
    const journal = 'Nov 20 10:00:01 web1 node[812]: ';
    expect(
      toFailures(
        `${journal}Error: connect ECONNREFUSED 10.0.3.4:5432`,
        `${journal}    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {`,
        `${journal}  code: 'ECONNREFUSED',`,
      ),
    ).toHaveLength(1);
    const docker = '2026-11-20T10:00:01.123456789Z ';
    expect(toFailures(`${docker}Error: read ECONNRESET`, `${docker}  code: 'ECONNRESET',`)).toHaveLength(1);
  });

  it('counts a line without a time anew when it says the same again', () => {
    const refused = 'Error: connect ECONNREFUSED 10.0.3.4:5432';
    expect(toFailures('2026-11-20T10:00:00Z started', refused, refused, refused)).toHaveLength(3);
    expect(toFailures(refused, refused)).toHaveLength(2);
  });

  it('lends no time to what stands far below it', () => {
    const filler = Array.from({ length: 80 }, () => '  nothing');
    expect(toFailures('2026-11-20T10:00:00Z started', ...filler, 'Error: read ECONNRESET')).toEqual([
      '82 node/read-reset timeless',
    ]);
  });
});
