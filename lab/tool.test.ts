/** What is typed wrong is answered in one line and with exit code 2, before anything is made. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const OUT = resolve(ROOT, 'not-made');

describe.concurrent('a tool', () => {
  it.each([
    ['lab/record-set.ts', '--nope', "lab: Unknown option '--nope'"],
    ['lab/record-set.ts', '--only nothing', 'lab: the lab has no cause nothing'],
    ['lab/record-set.ts', `--out ${OUT} --jobs 0`, 'lab: --jobs 0: a whole number from 1 on is needed'],
    ['lab/record-set.ts', `--out ${OUT} --seed abc`, 'lab: --seed abc: a whole number from 0 on is needed'],
    ['lab/record-set.ts', '--all', 'lab: --all wants a folder: --out DIR'],
    ['lab/record-all.ts', '--only nothing', 'record-all: the lab has no cause nothing'],
    ['test/accuracy/main.ts', '--nope', "accuracy: Unknown option '--nope'"],
    ['test/accuracy/main.ts', OUT, `accuracy: ${OUT}: no such folder`],
    ['test/accuracy/main.ts', 'lab', 'accuracy: lab holds no recorded set (set.json): npm run lab makes one'],
  ])('%s refuses %s', async (script, args, line) => {
    expect(await run(script, args.split(' '))).toEqual({ code: 2, out: '', err: `${line}\n` });
    expect(existsSync(OUT)).toBe(false);
  });

  it('says how it is used', async () => {
    const { code, out, err } = await run('lab/record-set.ts', ['--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^npm run lab -- /);
  });
});

function run(script: string, args: readonly string[]): Promise<{ code: unknown; out: string; err: string }> {
  return new Promise((done) => {
    execFile(process.execPath, ['--import', 'tsx', script, ...args], { cwd: ROOT }, (error, out, err) =>
      done({ code: error?.code ?? 0, out, err }),
    );
  });
}
