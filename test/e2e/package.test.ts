/** The package as a user gets it: packed, installed into an empty project, run and compiled against. */
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ENV, ROOT, type Ran, run } from './bin.ts';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const NPM_ENV = { ...ENV, npm_config_loglevel: 'error', npm_config_update_notifier: 'false' };
const CAPTURE = 'node_modules/firsthand/test/captures/refused/fires-closed-port-v4.pcap';
let project = '';
let packed: Packed;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'firsthand-e2e-'));
  // The build exists already, and must not be written anew while other tests run it.
  const { out } = await ok('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], ROOT);
  packed = (JSON.parse(out) as readonly Packed[])[0]!;
  process.stderr.write(
    `\n${packed.filename}: ${packed.size} bytes packed, ${packed.unpackedSize} unpacked, ${packed.files.length} files\n`,
  );
  await writeFile(join(project, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }\n');
  await ok('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${packed.filename}`]);
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

describe('the packed package', () => {
  it('holds what it promises and nothing that only tests need', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of ['bin/firsthand.js', 'dist/src/index.js', 'dist/src/index.d.ts', 'dist/src/browser.js']) {
      expect(paths).toContain(path);
    }
    expect(paths).toContain('schema/report-v1.json');
    expect(paths.some((path) => /^test\/captures\/.*\.pcap$/.test(path))).toBe(true);
    expect(paths.filter((path) => /\.test\.|^src\/|^(bench|fuzz)\/|(^|\/)testing\//.test(path))).toEqual([]);
    expect(packed.unpackedSize).toBeLessThan(5_000_000);
  });

  it('installs with its dependencies and no others', async () => {
    const installed = (await readdir(join(project, 'node_modules'))).filter((name) => !name.startsWith('.'));
    expect(installed.toSorted()).toEqual(['cockatiel', 'commander', 'firsthand', 'fzstd']);
  });

  it('runs by npx', async () => {
    expect((await ok('npx', ['--no-install', 'firsthand', '--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const { out, err } = await ok('npx', ['--no-install', 'firsthand', 'read', CAPTURE]);
    expect(out).toMatch(/^1 connection, refused by the server/);
    expect(err).toBe('');
  });

  it('is imported by its three names, the schema among them', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    const { out } = await script(`
      import { CaptureError, readCapture } from 'firsthand';
      import { readCapture as readBlob } from 'firsthand/browser';
      import { createRequire } from 'node:module';
      import { readFile } from 'node:fs/promises';
      const schema = createRequire(import.meta.url)('firsthand/schema/report-v1.json');
      const bytes = await readFile('${CAPTURE}');
      const [file, blob] = [await readCapture('${CAPTURE}'), await readBlob(new Blob([bytes]))];
      const error = await readCapture(new Uint8Array(0)).catch((error) => error);
      console.log(JSON.stringify([
        file.resets[0].cause.id, blob.resets[0].cause.id, file.tool.version, schema.$schema, CaptureError.is(error), error.code,
      ]));
    `);
    expect(JSON.parse(out)).toEqual([
      'refused',
      'refused',
      version,
      'https://json-schema.org/draft/2020-12/schema',
      true,
      'ERR_FIRSTHAND_EMPTY',
    ]);
  });

  it('gives the schema to an import with attributes', async () => {
    const { out } = await script(`
      import schema from 'firsthand/schema/report-v1.json' with { type: 'json' };
      console.log(schema.properties.schemaVersion !== undefined);
    `);
    expect(out).toBe('true\n');
  });

  it('hides everything else', async () => {
    const { code, err } = await run('node', ['-e', "import('firsthand/dist/src/cli/main.js')"], { cwd: project });
    expect(code).not.toBe(0);
    expect(err).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('compiles in a strict TypeScript project, and its types catch a mistake', async () => {
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2023',
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
      resolveJsonModule: true,
      skipLibCheck: false,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const consumer = `
      import { CAUSE_IDS, CaptureError, readCapture, type CauseId, type Report } from 'firsthand';
      import { readCapture as readBlob } from 'firsthand/browser';
      import schema from 'firsthand/schema/report-v1.json' with { type: 'json' };
      const report: Report = await readCapture('c.pcap', { onReset: ({ sender }) => console.log(sender.address) });
      const ids: CauseId[] = report.resets.map(({ cause }) => cause.id);
      const again: Report = await readBlob(new Blob([]), { name: 'c.pcap' });
      console.log(ids, again.summary.rstPackets, CAUSE_IDS.length, schema.$schema, CaptureError.is(null));
    `;
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    await writeFile(join(project, 'consumer.ts'), consumer);
    expect(await run(tsc, ['-p', '.'], { cwd: project })).toEqual({ code: 0, out: '', err: '' });
    await writeFile(
      join(project, 'consumer.ts'),
      `${consumer}\nconst wrong: 'gremlins' = report.resets[0]!.cause.id;\n`,
    );
    const { code, out } = await run(tsc, ['-p', '.'], { cwd: project });
    expect(code).not.toBe(0);
    expect(out).toMatch(/TS2322: Type '.*' is not assignable to type '"gremlins"'/);
  });
});

/** Runs a program that must succeed. */
async function ok(command: string, args: readonly string[], cwd: string = project): Promise<Ran> {
  const ran = await run(command, args, { cwd, env: NPM_ENV });
  expect(ran.code, `${command} ${args.join(' ')}: ${ran.err}`).toBe(0);
  return ran;
}

async function script(text: string): Promise<Ran> {
  await writeFile(join(project, 'script.js'), text);
  return ok('node', ['script.js']);
}
