import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * The import table of docs/architecture.md. A room may import from rooms on lower floors, and from itself.
 * `store` as a contract is `store/store.ts`; the stores themselves are known to gateway.ts alone.
 */
const FLOORS: Record<string, number> = {
  main: 7,
  cli: 7,
  demo: 7,
  gateway: 6,
  api: 5,
  intake: 5,
  message: 4,
  delivery: 4,
  'care-plan': 4,
  mapping: 3,
  routing: 3,
  audit: 3,
  auth: 3,
  access: 3,
  config: 2,
  formats: 1,
  fhir: 1,
  fhirpath: 1,
  store: 1,
  'store/sqlite': 2,
  'store/postgres': 2,
  kernel: 0,
};

/** Rooms of one floor that may know each other, one way. */
const NEIGHBOURS = new Set([
  'cli>demo',
  'main>cli',
  'store>fhir',
  'store>formats',
  'fhir>fhirpath',
  'formats>fhir',
  'auth>audit',
  'auth>access',
  'care-plan>message',
]);

/** Each outside library has one home: a folder or a file below src. */
const HOMES: Record<string, readonly string[]> = {
  jose: ['auth/', 'cli/token.ts', 'demo/'],
  axios: ['delivery/outgoing-http.ts'],
  winston: ['kernel/log.ts'],
  'node:sqlite': ['store/sqlite/'],
  pg: ['store/postgres/'],
  saxes: ['formats/xml/'],
  'csv-parse': ['formats/csv'],
  yaml: ['mapping/', 'config/', 'demo/'],
  ajv: ['kernel/json-schema.ts'],
  express: ['api/', 'intake/', 'demo/'],
  re2js: ['fhirpath/', 'kernel/json-schema.ts'],
};

const src = resolve(import.meta.dirname, '../src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'))
  .sort();
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));

function roomOf(file: string): string {
  const parts = file.split('/');
  if (parts.length === 1) return file.replace(/\.ts$/, '');
  const two = `${parts[0]}/${parts[1]}`;
  return two in FLOORS ? two : (parts[0] ?? '');
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = texts.get(file) ?? '';
  const found: Import[] = [];
  for (const match of text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm)) {
    found.push({ specifier: match[2] ?? '', typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g))
    found.push({ specifier: match[1] ?? '', typeOnly: false });
  return found;
}

function targetOf(file: string, specifier: string): string {
  return relative(src, resolve(dirname(join(src, file)), specifier)).replaceAll('\\', '/');
}

describe('architecture', () => {
  it('finds the source', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  it('every room has a floor', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in FLOORS))).toEqual([]);
  });

  it('imports run downwards only', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = roomOf(file);
      for (const { specifier } of importsOf(file)) {
        if (!specifier.startsWith('.')) continue;
        const target = targetOf(file, specifier);
        const to = roomOf(target);
        if (from === to) continue;
        const down = (FLOORS[from] ?? 0) > (FLOORS[to] ?? 99);
        if (!down && !NEIGHBOURS.has(`${from}>${to}`)) wrong.push(`${file} → ${target}`);
        if (to.startsWith('store/') && from !== 'gateway') wrong.push(`${file} names a concrete store: ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('no import cycles', () => {
    const edges = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
          .map(({ specifier }) => targetOf(file, specifier)),
      ]),
    );
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('every import names an existing file with its ending', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.') && !specifier.endsWith('.json'))
        .filter(({ specifier }) => !texts.has(targetOf(file, specifier)))
        .map(({ specifier }) => `${file} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  it('each outside library has one home', () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const { specifier, typeOnly } of importsOf(file)) {
        const library = Object.keys(HOMES).find((name) => specifier === name || specifier.startsWith(`${name}/`));
        if (library === undefined || typeOnly) continue;
        if (!HOMES[library]?.some((home) => file.startsWith(home))) wrong.push(`${file} imports ${specifier}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('no console, no default export, no enum, no barrel', () => {
    const wrong: string[] = [];
    for (const [file, text] of texts) {
      const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
      if (/\bconsole\s*\./.test(code)) wrong.push(`${file}: console`);
      if (/^export default\b/m.test(code)) wrong.push(`${file}: default export`);
      if (/^(?:export )?(?:const )?enum\b/m.test(code)) wrong.push(`${file}: enum`);
      if (/^export \* from/m.test(code)) wrong.push(`${file}: barrel`);
    }
    expect(wrong).toEqual([]);
  });
});
