import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const pages = readdirSync(resolve(root, 'docs/api')).filter((name) => name !== 'README.md');
const read = (path: string): string => readFileSync(resolve(root, path), 'utf8');
/** The three histories share a page; batch and transaction share a route. */
const PAGES: Record<string, string> = {
  'history-instance': 'history',
  'history-type': 'history',
  'history-system': 'history',
};

describe('the pages of docs/api', () => {
  const files = readdirSync(resolve(root, 'src/api/interactions')).map((name) => name.replace('.ts', ''));

  it.each(files.filter((name) => name !== 'bundle'))(
    'say what %s does, after the section that its code names',
    (name) => {
      const section = /https:\/\/hl7\.org\/fhir\/R4\/http\.html#[a-z-]+/.exec(
        read(`src/api/interactions/${name}.ts`),
      )?.[0];
      expect(section).toBeDefined();
      expect(read(`docs/api/${PAGES[name] ?? name}.md`)).toContain(`<${section}>`);
    },
  );

  it.each(pages)('%s is in the list of all', (page) => {
    expect(read('docs/api/README.md')).toContain(`(${page})`);
  });

  it.each(['README.md', ...pages])('%s links to what there is', (page) => {
    for (const [, link = ''] of read(`docs/api/${page}`).matchAll(/\]\(([^)#]+\.md)(?:#[a-z-]+)?\)/g)) {
      expect(() => read(`docs/api/${link}`)).not.toThrow();
    }
  });
});
