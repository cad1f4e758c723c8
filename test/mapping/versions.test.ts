import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runDiff } from '../../src/cli/diff.ts';
import { runKeep } from '../../src/cli/keep.ts';
import { loadMapping } from '../../src/mapping/load-mapping.ts';
import { run } from './run-command.ts';
import { mappingsFolder } from './support.ts';

const YAML = `mapping: 1
direction: in
input: { format: json, schema: source.schema.json }
codes: { sex: ../codes/sex.csv }
entries:
  - name: "p-{{ id }}"
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource:
      resourceType: Patient
      birthDate: "{{ born }}"
      gender: "{{ sex.translate('sex', 'error').code }}"
`;
const FILES = {
  'a/b/mapping.yaml': YAML,
  'a/b/source.schema.json': '{ "type": "object" }',
  'a/codes/sex.csv': 'source,target_system,target_code,target_display,equivalence,note\nF,urn:s,female,,equal,\n',
  'a/b/cases/01/input.json': '{"id":"4711","sex":"F","born":"1941-05-03"}',
  'a/b/cases/02/input.json': '{"id":"4712","born":"1941"}',
};

/** A root with one mapping whose version is kept, and its name. */
async function keptMapping() {
  const root = mappingsFolder(FILES);
  const { code, out } = await run(runKeep, ['a/b', '--mappings', root]);
  expect(code).toBe(0);
  const change = (path: string, from: string, to: string) =>
    writeFileSync(join(root, path), readFileSync(join(root, path), 'utf8').replace(from, to));
  return { root, pinned: out.trim(), change };
}

describe('versions of a mapping', () => {
  it('are kept whole, with files from above the folder, and load under their own name', async () => {
    const { root, pinned, change } = await keptMapping();
    const now = loadMapping(root, 'a/b');
    const kept = loadMapping(root, pinned);
    expect(now.ok && kept.ok && [kept.value.name, kept.value.version]).toEqual([pinned, now.ok && now.value.version]);
    expect(pinned).toBe(`a/b@${now.ok ? now.value.version.slice(0, 12) : ''}`);
    change('a/codes/sex.csv', 'F,urn:s,female', 'F,urn:s,other');
    const [after, still] = [loadMapping(root, 'a/b'), loadMapping(root, pinned)];
    expect(still.ok && now.ok && still.value.version === now.value.version).toBe(true);
    expect(after.ok && now.ok && after.value.version !== now.value.version).toBe(true);
  });

  it('are refused when they are not what their name says, or not there', async () => {
    const { root, pinned, change } = await keptMapping();
    change(`a/b/versions/${pinned.split('@')[1]}/mapping.yaml`, 'write: replace', 'write: create');
    expect(loadMapping(root, pinned).issues.map(({ code }) => code)).toEqual(['mapping-version-changed']);
    const absent = loadMapping(root, 'a/b@0123456789ab');
    expect(absent.issues[0]).toMatchObject({
      code: 'mapping-missing-file',
      text: expect.stringContaining('ginnel keep a/b'),
    });
    expect(loadMapping(root, 'a/b@short').ok).toBe(false);
  });

  it('are kept once: keeping again changes nothing', async () => {
    const { root, pinned } = await keptMapping();
    expect((await run(runKeep, ['a/b', '--mappings', root])).out.trim()).toBe(pinned);
    expect(existsSync(join(root, 'a/b/versions', pinned.split('@')[1] ?? ''))).toBe(true);
    expect((await run(runKeep, [pinned, '--mappings', root])).code).toBe(2);
  });
});

describe('ginnel diff', () => {
  it('says that nothing changes', async () => {
    const { root, pinned, change } = await keptMapping();
    change('a/b/mapping.yaml', 'mapping: 1', '# A comment.\nmapping: 1');
    const { code, out } = await run(runDiff, ['a/b', pinned, '--mappings', root]);
    expect(code).toBe(0);
    expect(out).toMatch(/^[0-9a-f]{16} → [0-9a-f]{16}: 2 messages, 0 changed, 2 the same\.\n$/);
  });

  it('shows element by element what changes, and values only when asked', async () => {
    const { root, pinned, change } = await keptMapping();
    change(
      'a/b/mapping.yaml',
      'birthDate: "{{ born }}"',
      'birthDate: "{{ born.substring(0, 4) }}"\n      active: true',
    );
    change('a/b/mapping.yaml', "      gender: \"{{ sex.translate('sex', 'error').code }}\"\n", '');
    change('a/b/mapping.yaml', 'codes: { sex: ../codes/sex.csv }\n', '');
    const plain = await run(runDiff, ['a/b', pinned.split('@')[1] ?? '', '--mappings', root]);
    expect(plain.code).toBe(1);
    expect(plain.out.split('\n').slice(0, -2)).toEqual([
      '01',
      '  Patient.birthDate changed',
      '  Patient.gender removed',
      '  Patient.active added',
      '02',
      '  Patient.active added',
    ]);
    expect(plain.out).not.toMatch(/1941|female|4711/);
    const full = await run(runDiff, ['a/b', pinned, '--values', '--mappings', root]);
    expect(full.out).toContain('  Patient.birthDate changed: "1941-05-03" → "1941"\n');
    const json = await run(runDiff, ['a/b', pinned, '--format', 'json', '--mappings', root]);
    expect(json.out).not.toMatch(/1941-/);
    expect(JSON.parse(json.out)).toMatchObject({ compared: 2, messages: [{ name: '01' }, { name: '02' }] });
  });

  it('shows that a message is refused now, and by which codes', async () => {
    const { root, pinned, change } = await keptMapping();
    change('a/b/mapping.yaml', '{{ born }}', "{{ born.date('yyyy') }}");
    const { code, out } = await run(runDiff, ['a/b', pinned, '--mappings', root]);
    expect(code).toBe(1);
    expect(out).toContain('01\n  was accepted, is refused (date-invalid)\n');
  });

  it('takes a folder of another checkout for the old version', async () => {
    const { root, change } = await keptMapping();
    const old = mappingsFolder(FILES);
    change('a/codes/sex.csv', 'female', 'other');
    const { code, out } = await run(runDiff, ['a/b', join(old, 'a/b'), '--mappings', root]);
    expect([code, out.split('\n')[1]]).toEqual([1, '  Patient.gender changed']);
  });
});
