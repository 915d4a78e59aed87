import { describe, expect, it } from 'vitest';
import { createPartReader } from './reader.ts';
import { toLogReport } from './join.ts';
import type { LogReport } from './define.ts';
import { renderLogMarkdown } from './markdown.ts';
import { renderLogText } from './text.ts';

const at = (second: number): string => `2026-11-20T10:00:${String(second).padStart(2, '0')}Z`;
const APP = [0, 10, 20].map((second) => `${at(second)} Error: connect ECONNREFUSED 10.0.3.4:5432`).join('\n');
const NGINX = `${at(10)} [error] 8#8: *1 recv() failed (104: Connection reset by peer) while reading response header from upstream, client: 10.0.0.1, server: s, request: "GET /<b>|\`x\` HTTP/1.1", upstream: "http://10.0.3.4:5432/"`;

function reportOf(logs: Readonly<Record<string, string>>): LogReport {
  const parts = Object.entries(logs).map(([path, text]) => {
    const reader = createPartReader({ path });
    reader.feed(new TextEncoder().encode(text));
    return reader.end();
  });
  return toLogReport(parts);
}

describe('renderLogText', () => {
  it('says what failed, when, with whom, why, and what to run', () => {
    expect(renderLogText(reportOf({ 'app.log': APP }), { width: 80 })).toMatchInlineSnapshot(`
      "3 failures in 3 lines.

      g1 Node.js: refused in the connect phase, 3 times
          when     first 2026-11-20T10:00:00Z (line 1), last 2026-11-20T10:00:20Z
                   (line 3)
          rate     at most 1 in 1 s
          peer     10.0.3.4:5432 (3)
          what     A RST answered the SYN: the host, or something in its name, said at
                   once that nothing is open on this port. The connection never
                   existed.
          why      refused: nothing listens on that address and port: stopped, still
                   starting, wrong port, or bound to another address only
          why      firewall-reject: a firewall or kube-proxy REJECT answers in the
                   server’s name
          retry    A retry is safe.
          next     On the peer: does anything listen there, on this address?
                   ss -ltnp 'sport = :5432'
          line     2026-11-20T10:00:00Z Error: connect ECONNREFUSED 10.0.3.4:5432

      app.log: 3 lines, 3 failures, 2026-11-20T10:00:00Z to 2026-11-20T10:00:20Z
      "
    `);
  });

  it('puts what happened in more than one log first, under short names', () => {
    const text = renderLogText(reportOf({ '/var/log/app.log': APP, '/var/log/nginx.log': NGINX }), { width: 80 });
    expect(text.split('\n\n')[1]).toMatchInlineSnapshot(`
      "Together in more than one log
          2026-11-20T10:00:10Z  joined by time and 10.0.3.4, 10.0.3.4:5432
            app.log: +0 s  Node.js: refused, 10.0.3.4:5432 (line 2)
            nginx.log: +0 s  nginx: reset, 10.0.3.4:5432 (line 1)"
    `);
  });

  it('is shorter when quiet and longer when asked', () => {
    const report = reportOf({ 'app.log': APP });
    const [quiet, normal, full] = (['quiet', 'normal', 'full'] as const).map((detail) =>
      renderLogText(report, { detail }),
    );
    expect(quiet).toMatch(/^3 failures in 3 lines\.\ng1 Node\.js: refused in the connect phase, 3 times\n/);
    expect(normal!.length).toBeGreaterThan(quiet!.length);
    expect(full!.length).toBeGreaterThan(normal!.length);
  });

  it('says plainly that it found nothing', () => {
    expect(renderLogText(reportOf({ 'a.log': 'all is well\n' }))).toBe(
      'None of 1 line tells of a failed connection.\n\na.log: 1 line, 0 failures, no times\n',
    );
  });
});

describe('renderLogMarkdown', () => {
  it('lets nothing from a log become markup', () => {
    const text = renderLogMarkdown(reportOf({ 'a<b>.log': NGINX }));
    expect(text).toContain('## g1 nginx: reset in the response phase, once');
    expect(text).toMatch(/^- `` 2026-11-20T10:00:10Z .*<b>\|`x` .* ``$/m);
    expect(text.replace(/(`+) .* \1/g, '')).not.toMatch(/(?<!\\)[<>|]/);
  });
});
