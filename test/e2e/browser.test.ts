/** `firsthand/browser` gives the same reports as Node: over the same code in Node, and as built, in Chromium. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readCapture as readInBrowser } from '../../src/browser.ts';
import { readCapture } from '../../src/collect/read-capture.ts';
import type { Report } from '../../src/report/types.ts';
import { CAPTURES, ENV, ROOT } from './bin.ts';
import { lacks } from './needs.ts';
import { scratch } from './scratch.ts';

const NAMES = readdirSync(CAPTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.pcap'))
  .toSorted();

describe('firsthand/browser in Node', () => {
  it.each(NAMES)('reads %s as Node does, from a Blob and from a stream', async (name) => {
    const file = await readCapture(join(CAPTURES, name));
    const bytes = readFileSync(join(CAPTURES, name));
    const blob = await readInBrowser(new Blob([bytes]));
    expect(blob.inputs[0]?.strategy).toBe('two-pass');
    expect(comparable(blob)).toEqual(comparable(file));
    const stream = await readInBrowser(new Blob([bytes]).stream());
    expect(stream.inputs[0]?.strategy).toBe('one-pass');
    expect(comparable(stream, '')).toEqual(comparable(file, ''));
  });
});

describe.skipIf(lacks('firsthand/browser in Chromium', ['chromium']))('firsthand/browser in Chromium', () => {
  it('reads every capture, gzip and zstd too, as Node does', async () => {
    const packed = new Map([
      ['/packed/c.pcap.gz', gzipSync(readFileSync(join(CAPTURES, NAMES[0] ?? '')))],
      ['/packed/c.pcap.zst', rawZstd(readFileSync(join(CAPTURES, NAMES[0] ?? '')))],
    ]);
    const results = await inChromium([...NAMES.map((name) => `/test/captures/${name}`), ...packed.keys()], packed);
    expect(Object.keys(results)).toHaveLength(NAMES.length + packed.size);
    for (const name of NAMES) {
      expect(comparable(results[`/test/captures/${name}`]), name).toEqual(
        comparable(await readCapture(join(CAPTURES, name))),
      );
    }
    const plain = await readCapture(join(CAPTURES, NAMES[0] ?? ''));
    for (const url of packed.keys()) expect(results[url]?.resets, url).toEqual(plain.resets);
  });
});

/** What must be the same: all but the name of the file and, for streams, the number of passes. */
function comparable(report: Report | undefined, strategy?: string): unknown {
  return (
    report && {
      ...report,
      inputs: report.inputs.map((input) => ({ ...input, path: '', strategy: strategy ?? input.strategy })),
    }
  );
}

/** Opens a page that reads the captures and posts the reports back. */
async function inChromium(
  urls: readonly string[],
  packed: ReadonlyMap<string, Uint8Array>,
): Promise<Readonly<Record<string, Report>>> {
  const posted = deferred();
  const server = createServer(
    (request, response) => void answer(request, response, toPage(urls), packed, posted.resolve),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => closeServer(server));
  const flags = [
    '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
    '--disable-component-update --disable-sync --disable-dev-shm-usage',
  ];
  const profile = `--user-data-dir=${join(await scratch(), 'profile')}`;
  const page = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const chromium = spawn('chromium', [...flags.join(' ').split(' '), profile, page], {
    detached: true,
    env: ENV,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  chromium.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4096)));
  const closed = once(chromium, 'close');
  onTestFinished(async () => {
    if (chromium.exitCode === null && chromium.pid !== undefined) process.kill(-chromium.pid, 'SIGKILL');
    await closed;
  });
  void closed.then(() => posted.reject(new Error(`Chromium ended without a result: ${said}`)));
  const { error, reports } = JSON.parse(await posted.promise) as { error?: string; reports: Record<string, Report> };
  if (error !== undefined) throw new Error(`in the page: ${error}`);
  return reports;
}

/** Modules need names that a browser can resolve: the import map gives the one dependency its file. */
function toPage(urls: readonly string[]): string {
  return `<!doctype html><meta charset="utf-8">
<script type="importmap">{"imports":{"fzstd":"/node_modules/fzstd/esm/index.mjs"}}</script>
<script type="module">
const post = (result) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
try {
  const { readCapture } = await import('/dist/src/browser.js');
  const reports = {};
  for (const url of ${JSON.stringify(urls)}) reports[url] = await readCapture(await (await fetch(url)).blob());
  await post({ reports });
} catch (error) {
  await post({ error: String(error?.stack ?? error) });
}
</script>`;
}

const TYPES: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.mjs': 'text/javascript' };

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  page: string,
  packed: ReadonlyMap<string, Uint8Array>,
  onResult: (body: string) => void,
): Promise<void> {
  if (request.method === 'POST') {
    let body = '';
    for await (const text of request.setEncoding('utf8')) body += text as string;
    response.end();
    return onResult(body);
  }
  const path = decodeURI(request.url ?? '/');
  if (path === '/') return void response.setHeader('content-type', 'text/html').end(page);
  const bytes = packed.get(path) ?? (await readFile(join(ROOT, normalize(path))).catch(() => null));
  response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
  response.writeHead(bytes === null ? 404 : 200).end(bytes);
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

/** A Zstandard frame with one uncompressed block (RFC 8878). */
function rawZstd(bytes: Uint8Array): Uint8Array {
  const block = (bytes.length << 3) | 1;
  const header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38, block & 0xff, (block >> 8) & 0xff, block >> 16];
  return Uint8Array.from([...header, ...bytes]);
}

function deferred(): { promise: Promise<string>; resolve: (text: string) => void; reject: (error: Error) => void } {
  let resolve!: (text: string) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<string>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
