import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../causes/list.ts';
import { JOURNAL, KERNEL_BEGIN, KERNEL_END, SOCKETS, STRACE, straceOf } from './recipes.ts';

const PAGE = readFileSync(resolve(import.meta.dirname, '../../../docs/host-evidence.md'), 'utf8');

describe('recipes for host evidence', () => {
  it('are those of the page that explains them', () => {
    expect(PAGE).toContain(`\n${straceOf('PID')}\n`);
    expect(PAGE).toContain(`\n${KERNEL_BEGIN.join('\n')}\n`);
    expect(PAGE).toContain(`\n${KERNEL_END.join('\n')}\n`);
    expect(PAGE).toContain(`\n${SOCKETS} > ss.txt`);
    expect(PAGE).toContain(`\n${JOURNAL} `);
  });

  it('trace every call without which unread data is not proven', () => {
    const calls = STRACE.split('trace=')[1]!.split(',');
    for (const call of ['network', 'read', 'readv', 'close']) expect(calls).toContain(call);
    expect(STRACE).toMatch(/ -f -ttt -yy /);
  });

  it('are lines that a shell takes', () => {
    const { status, stderr } = spawnSync('sh', ['-n', '-c', [...KERNEL_BEGIN, ...KERNEL_END].join('; ')], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('are the only ones: no cause advises a strace or a trace of its own', () => {
    const advice = readFileSync(resolve(import.meta.dirname, '../../causes/telling.ts'), 'utf8');
    const sources = Object.keys(CAUSES).map((id) => {
      const file = resolve(import.meta.dirname, `../../causes/${id}.ts`);
      return readFileSync(file, 'utf8');
    });
    for (const source of [advice, ...sources]) expect(source).not.toMatch(/strace -|tracing\/trace/);
  });
});
