import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LogReport } from '../explain/log/define.ts';
import { explainLogs, readLogs } from './read-log.ts';

const LOG = Array.from(
  { length: 300 },
  (_, at) =>
    `${new Date(Date.UTC(2026, 10, 20) + at * 1000).toISOString()} Error: connect ECONNREFUSED 10.0.0.${at % 3}:80\n`,
).join('');

const withoutPath = (report: LogReport): object =>
  JSON.parse(JSON.stringify(report), (key, value: unknown) => (key === 'path' ? '' : value)) as object;

async function fileWith(bytes: Uint8Array | string, name: string = 'a.log'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'firsthand-read-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

describe('explainLogs', () => {
  it('reads plain, gzip, zstd and UTF-16 files and streams alike', async () => {
    const plain = withoutPath(await explainLogs([await fileWith(LOG)]));
    expect(plain).toMatchObject({ inputs: [{ lines: 300, recognised: 300 }] });
    expect(withoutPath(await explainLogs([await fileWith(gzipSync(LOG))]))).toEqual(plain);
    const zstd = spawnSync('zstd', ['-qc'], { input: LOG }).stdout;
    expect(withoutPath(await explainLogs([await fileWith(zstd)]))).toEqual(plain);
    const utf16 = await fileWith(Buffer.from(`\ufeff${LOG}`, 'utf16le'));
    expect(withoutPath(await explainLogs([utf16]))).toMatchObject({ inputs: [{ lines: 300, recognised: 300 }] });
    const pieces = Readable.from([LOG.slice(0, 2), Buffer.from(LOG.slice(2, 1000)), LOG.slice(1000)]);
    expect(withoutPath(await explainLogs(['-'], { stdin: pieces }))).toEqual(plain);
  });

  it('keeps what came before the damage of a compressed file, and tells the damage', async () => {
    const noise = Array.from({ length: 20_000 }, (_, at) => `${(at * 2_654_435_761) % 4_294_967_291} line\n`).join('');
    const cut = gzipSync(LOG + noise).subarray(0, -5000);
    const [input] = (await explainLogs([await fileWith(cut)])).inputs;
    expect(input).toMatchObject({ recognised: 300, damage: [expect.stringMatching(/^gzip data damaged: /)] });
  });

  it('takes the year that a log leaves out from the age of the file', async () => {
    const path = await fileWith('Nov 20 10:00:00 web1 app[1]: Error: read ECONNRESET\n');
    const { groups } = await explainLogs([path], { latestMs: Date.UTC(2019, 11, 1), zoneOffsetMin: 60 });
    expect(groups[0]?.first.at).toBe('2019-11-20T09:00:00.000Z');
  });

  it('throws for what cannot be opened, and for an abort', async () => {
    await expect(explainLogs(['/nowhere/a.log'])).rejects.toMatchObject({ code: 'ENOENT' });
    const path = await fileWith(LOG);
    await expect(explainLogs([path], { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('reports how far it is', async () => {
    const seen: unknown[] = [];
    const path = await fileWith(LOG);
    await explainLogs([path], { onProgress: (...state) => seen.push(state) });
    expect(seen.at(-1)).toEqual([path, LOG.length, LOG.length]);
  });
});

describe('readLogs', () => {
  it('gives the text of a short log only', async () => {
    expect((await readLogs([await fileWith('read ECONNRESET\n')])).text).toBe('read ECONNRESET\n');
    expect((await readLogs([await fileWith('x'.repeat(65_537))])).text).toBeNull();
    const path = await fileWith('read ECONNRESET\n');
    expect((await readLogs([path, path])).text).toBeNull();
  });
});
