import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../lab/package-root.ts';

const ROOT = packageRoot();

describe('docs/myths.md', () => {
  const sections = read('docs/myths.md').split(/^## /m).slice(1);

  it.each(sections.map((section) => [section.split('\n')[0]!, section] as const))(
    '%s names a test that exists',
    (_, section) => {
      const cited = [...section.matchAll(/^Test: `([^`]+)`, "(.+)"\\?$/gm)];
      expect(cited.length).toBeGreaterThan(0);
      for (const [, file, name] of cited) expect(read(file!)).toContain(`it('${name}`);
    },
  );
});

describe.each(['docs/myths.md', 'docs/guide.md'])('%s', (page) => {
  it('links to files that exist', () => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => target!);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((target) => !existsSync(join(ROOT, dirname(page), target)))).toEqual([]);
  });
});

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
