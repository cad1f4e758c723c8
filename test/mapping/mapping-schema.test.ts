import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FORMAT_NAMES } from '../../src/formats/format.ts';
import { compileJsonSchema } from '../../src/kernel/json-schema.ts';
import { listMappings } from '../../src/mapping/cases.ts';
import { loadText } from './support.ts';

const ROOT = resolve(import.meta.dirname, '../../mappings');
const schema = JSON.parse(readFileSync(join(ROOT, 'mapping.schema.json'), 'utf8')) as {
  definitions: { format: { enum: string[] } };
};
const check = compileJsonSchema(schema);
const breachesOf = (yaml: string) => check(parse(yaml) as unknown).map(({ path, text }) => `${path.join('.')} ${text}`);

const HEAD = 'mapping: 1\ndirection: in\ninput: { format: json }\n';
const ENTRY = `entries:
  - name: patient
    write: merge
    identifier: { system: urn:x, value: "{{ id }}" }
    resource: { resourceType: Patient, active: true }
`;
const OUT = 'mapping: 1\ndirection: out\noutput: { format: json }\nbody:\n';

describe('mapping.schema.json', () => {
  it('is kept by every mapping that ships', () => {
    const names = listMappings(ROOT);
    expect(names.length).toBeGreaterThan(5);
    for (const name of names) {
      expect(breachesOf(readFileSync(join(ROOT, name, 'mapping.yaml'), 'utf8')), name).toEqual([]);
    }
  });

  it('is kept by every mapping and skeleton of docs/mapping.md', () => {
    const page = readFileSync(resolve(import.meta.dirname, '../../docs/mapping.md'), 'utf8');
    const blocks = [...page.matchAll(/^```yaml (mapping|skeleton)\n([\s\S]*?)^```$/gm)];
    expect(blocks.length).toBeGreaterThan(8);
    for (const [, role, text = ''] of blocks) {
      expect(breachesOf(role === 'mapping' ? text : OUT + text.replaceAll(/^/gm, '  '))).toEqual([]);
    }
  });

  it('is kept by the published FPML examples, as skeletons', () => {
    const data = process.env.GINNEL_CONFORMANCE_DATA;
    const folder = data === undefined ? undefined : join(data, 'fpml');
    const files = folder === undefined ? [] : readdirSync(folder).filter((file) => file.endsWith('template.yaml'));
    for (const file of files) {
      const body = readFileSync(join(folder ?? '', file), 'utf8').replaceAll(/^/gm, '  ');
      // Keeping a null is the one thing of FPML that we do not have.
      if (!body.includes('{{+')) expect(breachesOf(OUT + body), file).toEqual([]);
    }
  });

  it('names the formats there are', () => {
    expect(schema.definitions.format.enum).toEqual([...FORMAT_NAMES]);
  });

  it.each([
    ['braces and signs that are no holes', 'a: "{}", b: "100%", c: "[x]", d: "}"'],
    ['an empty collection in a hole', 'a: "{{ iif(id.exists(), id, {}) }}"'],
    ['two holes', 'a: "{{ id }}{{ id }}"'],
    ['an exclamation mark behind a hole', 'a: "{{ id }}!"'],
    ['conditions without a space', '"{% if(id.exists()) %}": { a: 1 }, "{% else %}": { a: 2 }'],
    ['a loop with an index beside its names', 'x: { "{% assign %}": { y: 1 }, "{% for i, n in name %}": "{{ %n }}" }'],
  ])('lets %s pass, as the loader does', (_what, members) => {
    const yaml = `${OUT}  { ${members} }\n`;
    expect(loadText(yaml).issues).toEqual([]);
    expect(breachesOf(yaml)).toEqual([]);
  });

  it.each([
    ['another version', `${HEAD.replace('1', '2')}${ENTRY}`],
    ['no direction', `mapping: 1\ninput: { format: json }\n${ENTRY}`],
    ['a direction that is none', `${HEAD.replace('in\n', 'up\n')}${ENTRY}`],
    ['a key that does not exist', `${HEAD}colour: red\n${ENTRY}`],
    ['an output in a mapping in', `${HEAD}output: { format: json }\n${ENTRY}`],
    ['entries in a mapping out', `${OUT}  a: 1\n${ENTRY}`],
    ['no entries', HEAD],
    ['no body', OUT.replace('body:\n', '')],
    ['entries that are no list', `${HEAD}entries: { a: 1 }\n`],
    ['a format that does not exist', `${HEAD.replace('json', 'yaml')}${ENTRY}`],
    ['a format option that does not exist', `${HEAD.replace('json', 'json, colour: red')}${ENTRY}`],
    ['lists that are no list', `${HEAD.replace('json', 'xml, lists: need')}${ENTRY}`],
    ['groups that are no groups', `${HEAD.replace('json', 'hl7v2, groups: { Provider: [PRD] }')}${ENTRY}`],
    ['a type that is no name of a type', `${HEAD.replace('json', 'fhir, type: 5')}${ENTRY}`],
    ['an ignored field without a reason', `${HEAD}ignore: { a.b: "" }\n${ENTRY}`],
    ['an ignored field without a path', `${HEAD}ignore: { a..b: x }\n${ENTRY}`],
    ['code maps that are no map', `${HEAD}codes: [a.csv]\n${ENTRY}`],
    ['an accept that is no expression', `${HEAD}accept: true\n${ENTRY}`],
    ['a refusal without a text', `${HEAD}refuse: [{ when: "{{ a }}" }]\n${ENTRY}`],
    ['a refusal with a hole in its text', `${HEAD}refuse: [{ when: "{{ a }}", text: "no {{ a }}" }]\n${ENTRY}`],
    ['an entry without a name', `${HEAD}${ENTRY.replace('name: patient', 'union: [name]')}`],
    ['an entry key that does not exist', `${HEAD}${ENTRY}    colour: red\n`],
    ['an unknown way to write', `${HEAD}${ENTRY.replace('merge', 'upsert')}`],
    ['union without merge', `${HEAD}${ENTRY.replace('merge', 'replace')}    union: [name]\n`],
    ['fill without merge', `${HEAD}${ENTRY.replace('merge', 'create')}    fill: [name]\n`],
    ['an identifier with a member too many', `${HEAD}${ENTRY.replace('system: urn:x', 'system: urn:x, use: old')}`],
    ['a removal that is no expression', `${HEAD}${ENTRY}    remove: { name: yes }\n`],
    ['a removal of the identifier', `${HEAD}${ENTRY}    remove: { identifier: "{{ a }}" }\n`],
    ['a needed value as an identifier', `${HEAD}${ENTRY.replace('{{ id', '{{! id')}`],
    ['a merge around entries', `${HEAD}entries:\n  - "{% merge %}": []\n`],
    ['a directive beside the keys of an entry', `${HEAD}${ENTRY}    "{% if a %}": { b: 1 }\n`],
  ])('refuses %s, as the loader does', (_what, yaml) => {
    expect(loadText(yaml).ok).toBe(false);
    expect(breachesOf(yaml)).not.toEqual([]);
  });

  it.each([
    ['a hole that is not closed', 'a: "{{ id"'],
    ['a hole that is not opened', 'a: "id }}"'],
    ['a directive as a value', 'a: "{% if x %}"'],
    ['a list inside a text', 'a: "x {[ id ]}"'],
    ['a null that is kept', 'a: "{{+ id +}}"'],
    ['a directive that is none', 'a: { "{% when x %}": 1 }'],
    ['an else without an if', 'a: { "{% else %}": 1 }'],
    ['a directive that is not closed', 'a: { "{% if x": 1 }'],
    ['a loop without a list', 'a: { "{% for x %}": 1 }'],
    ['a loop beside other members', 'y: { "{% for x in id %}": 1, b: 2 }'],
    ['a member named __proto__', 'a: { __proto__: 1 }'],
    ['a needed value as a key', 'a: { "{{! id }}": 1 }'],
    ['a needed value directly under a directive', 'a: { b: 1, "{% if active %}": "{{! id }}" }'],
    ['a needed value that is assigned', '"{% assign %}": { y: "{{! id }}" }, a: 1'],
    ['a name that is no name', '"{% assign %}": { "a b": 1 }, a: 1'],
    ['a name that is given', '"{% assign %}": { partner: 1 }, a: 1'],
    ['a name that the standard has taken', '"{% assign %}": { context: 1 }, a: 1'],
  ])('refuses %s in a skeleton, as the loader does', (_what, members) => {
    const yaml = `${OUT}  { ${members} }\n`;
    expect(loadText(yaml).ok).toBe(false);
    expect(breachesOf(yaml)).not.toEqual([]);
  });
});
