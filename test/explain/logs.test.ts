/** Logs that nginx and HAProxy wrote about real failures, and what is told of them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CleanupStack } from '../../lab/cleanup.ts';
import { waitFor } from '../../lab/wait.ts';
import { explainLogs } from '../../src/collect/read-log.ts';
import type { LogGroup, LogReport } from '../../src/explain/log/define.ts';
import { renderLogMarkdown } from '../../src/explain/log/markdown.ts';
import { renderLogText } from '../../src/explain/log/text.ts';
import { exchanged, type Hops, onBehalfOf, requestFor, scratchFolder, startHops, textOf } from './logs/hops.ts';

const LARGE_LEN = 300_000;

const cleanup = new CleanupStack();
let hops: Hops;
let error: LogReport;
let access: LogReport;
let haproxy: LogReport;
let joined: LogReport;

beforeAll(async () => {
  hops = await startHops(cleanup);
  const { nginxPort, haproxyPort } = hops;
  for (let round = 0; round < 8; round++) await exchanged(nginxPort, requestFor('/upload', 100 + round));
  for (let round = 0; round < 4; round++) await exchanged(nginxPort, requestFor('/upload', LARGE_LEN + round));
  await exchanged(nginxPort, requestFor('/abort'));
  await exchanged(nginxPort, requestFor('/cut'));
  for (let round = 0; round < 3; round++) await exchanged(nginxPort, requestFor('/gone'));
  await leaveWaiting(hops);
  // HAProxy's limit for a server is 1 s: real time limits, met by requests that are all under way at once.
  await Promise.all(
    [1, 2, 3, 4].map((host) => exchanged(haproxyPort, onBehalfOf(`203.0.113.${host}`, 51_000), requestFor('/slow'))),
  );
  await exchanged(haproxyPort, onBehalfOf('203.0.113.9', 52_001), requestFor('/cut'));
  await reload(hops);
  const logs = await hops.logs();
  [error, access, haproxy, joined] = await Promise.all([
    explainLogs([logs.error]),
    explainLogs([logs.access]),
    explainLogs([logs.haproxy]),
    explainLogs([logs.haproxy, logs.error]),
  ]);
}, 60_000);

afterAll(() => cleanup.run());

describe('the error log of nginx', () => {
  it('tells how each server failed, how often, and which server', () => {
    const upstream = `127.0.0.1:${hops.upstreamPort}`;
    expect(groupOf(error, 'nginx/upstream-refused')).toMatchObject({
      condition: 'refused',
      phase: 'connect',
      count: 3,
      peerSide: 'upstream',
      peers: [{ address: `127.0.0.1:${hops.gonePort}`, count: 3 }],
      retry: 'safe',
    });
    expect(groupOf(error, 'nginx/upstream-reset-header')).toMatchObject({
      condition: 'reset',
      phase: 'response',
      peers: [{ address: upstream }],
    });
    expect(groupOf(error, 'nginx/upstream-reset-body')).toMatchObject({ condition: 'reset', count: 2 });
    expect(groupOf(error, 'nginx/client-gone-waiting')).toMatchObject({
      peerSide: 'client',
      count: 1,
      peers: [{ address: '127.0.0.1' }],
    });
  });

  it('gives first and last occurrence and the rate', () => {
    for (const { first, last, count, rate, example } of error.groups) {
      expect(first.line).toBeLessThanOrEqual(last.line);
      expect(Date.parse(first.at ?? '')).toBeLessThanOrEqual(Date.parse(last.at ?? ''));
      expect(rate?.counts.reduce((sum, one) => sum + one, 0)).toBe(count);
      expect(example).not.toBe('');
    }
    expect(error.inputs[0]?.timeless).toBe(0);
  });

  it('shows the reload beside them', () => {
    expect(error.nearby.map(({ kind }) => kind)).toContain('restart');
    expect(error.nearby.find(({ kind }) => kind === 'restart')?.example).toContain('SIGHUP');
    // Everything here is within seconds of it, and a reload of nginx resets no server: nothing may be blamed on it.
    expect(error.groups.flatMap(({ findings }) => findings.map(({ kind }) => kind))).not.toContain('near-event');
  });

  it('counts the lines that a person would', async () => {
    const text = await textOf(error.inputs[0]?.path ?? '');
    const told = text.split('\n').filter((line) => /\[error\]|client prematurely closed/.test(line));
    expect(error.inputs[0]?.recognised).toBe(told.length);
  });
});

describe('the access log of nginx', () => {
  it('does not claim that only large bodies fail while small requests do', () => {
    const { count, findings } = groupOf(access, 'http/502')!;
    expect(count).toBe(8);
    expect(findings.map(({ kind }) => kind)).not.toContain('only-large');
  });

  it('shows that only large uploads fail', async () => {
    const text = await textOf(access.inputs[0]?.path ?? '');
    const uploads = join(await scratchFolder(cleanup), 'uploads.log');
    await writeFile(uploads, text.replace(/^.*"GET .*\n/gm, ''));
    const report = await explainLogs([uploads]);
    expect(report.groups[0]).toMatchObject({ pattern: 'http/502', count: 4, peerSide: 'upstream' });
    expect(report.groups[0]?.findings).toContainEqual(
      expect.objectContaining({ kind: 'only-large', count: 4, of: 4, points: 'payload-rejected' }),
    );
  });

  it('knows the client that went away', () => {
    expect(groupOf(access, 'nginx/499') ?? groupOf(access, 'http/499')).toMatchObject({ count: 1, peerSide: 'client' });
  });
});

describe('the log of HAProxy', () => {
  it('shows a time limit by the wait that is always the same', () => {
    const group = groupOf(haproxy, 'haproxy/sH');
    expect(group).toMatchObject({ condition: 'timed-out', count: 4, peers: [{ address: 'slow/node1', count: 4 }] });
    expect(group?.findings).toContainEqual(
      expect.objectContaining({ kind: 'same-wait', count: 4, of: 4, value: 1000 }),
    );
  });
});

describe('both logs', () => {
  it('are joined on the time and the client’s address', () => {
    const moment = joined.timeline.find(({ shared }) => shared.includes('203.0.113.9'));
    expect(new Set(moment?.episodes.map(({ input }) => input))).toEqual(new Set([0, 1]));
    const whats = moment?.episodes.filter(({ addresses }) => addresses.includes('203.0.113.9')).map(({ what }) => what);
    expect(whats).toEqual(expect.arrayContaining(['nginx/upstream-reset-body', expect.stringMatching(/^haproxy\//)]));
  });

  it('are told in one text', () => {
    const text = renderLogText(joined, { width: 80 });
    expect(text).toContain('joined by time and 203.0.113.9');
    expect(
      text.split('\n').every((line) => line.length <= 80 || /^ {13}(?:tcpdump|curl|ss|journalctl) /.test(line)),
    ).toBe(true);
    expect(renderLogMarkdown(joined)).toContain('## Together in more than one log');
  });
});

function groupOf(report: LogReport, pattern: string): LogGroup | undefined {
  return report.groups.find((group) => group.pattern === pattern);
}

/** A client that goes away while its request is unanswered. */
async function leaveWaiting({ nginxPort, arrived }: Hops): Promise<void> {
  const waiting = arrived('/slow');
  const client = connect({ host: '127.0.0.1', port: nginxPort });
  client.on('error', () => {});
  client.write(requestFor('/slow'));
  await waiting;
  client.destroy();
  await once(client, 'close');
}

/** SIGHUP, as `nginx -s reload` sends it. */
async function reload({ nginx, nginxPort }: Hops): Promise<void> {
  nginx.child.kill('SIGHUP');
  await waitFor('nginx to answer after the reload', async () =>
    (await exchanged(nginxPort, requestFor('/ok'))).includes('200 OK'),
  );
}
