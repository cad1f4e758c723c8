import { describe, expect, it } from 'vitest';
import { runLint } from '../../src/cli/lint.ts';
import { openFhirRules } from '../../src/cli/mapping-tools.ts';
import { lintMapping } from '../../src/mapping/lint.ts';
import { run } from './run-command.ts';
import { mappingsFolder } from './support.ts';

const RULES = openFhirRules();
const HEADER = 'source,target_system,target_code,target_display,equivalence,note\n';

/** Findings on a mapping with one entry: line, severity, code, text. */
function lint(resource: string, head = '', files: Readonly<Record<string, string>> = {}): string[] {
  const yaml = `mapping: 1\ndirection: in\ninput: { format: json }\n${head}entries:
  - name: one
    write: replace
    identifier: { system: urn:x, value: "{{ id }}" }
    resource:
${resource.trim().replaceAll(/^/gm, '      ')}
`;
  const root = mappingsFolder({
    'a/b/mapping.yaml': yaml,
    'a/b/README.md': 'Quirks.',
    'a/b/cases/01/input.json': '{}',
    'a/b/cases/01/outcome.json': '[]',
    ...files,
  });
  return lintMapping(root, 'a/b', RULES).map(
    ({ mapping, severity, code, text }) =>
      `${mapping?.replace('mappings/a/b/mapping.yaml:', '')} ${severity} ${code} ${text}`,
  );
}

const REQUEST = 'resourceType: ServiceRequest\nstatus: active\nintent: order\nsubject: { display: x }';

describe('lint by the rules of FHIR', () => {
  it('finds nothing in a good resource', () => {
    expect(lint(REQUEST)).toEqual([]);
  });

  it('names a required element that no branch writes, and no other', () => {
    expect(lint('resourceType: ServiceRequest\nstatus: active\nsubject: { display: x }')).toEqual([
      '9:7 error mapping-incomplete R4 requires ServiceRequest.intent, and no branch writes it.',
    ]);
    const branches = '"{% if a.exists() %}": { intent: order }\n"{% else %}": { intent: plan }';
    expect(lint(`resourceType: ServiceRequest\nstatus: active\nsubject: { display: x }\n${branches}`)).toEqual([]);
    expect(lint('"{% merge %}": [{ resourceType: ServiceRequest, status: active }, "{{ rest }}"]')).toEqual([]);
  });

  it('looks into elements: what a CarePlan’s activity needs, a choice by any of its types', () => {
    const plan = 'resourceType: CarePlan\nstatus: active\nintent: plan\nsubject: { display: x }';
    expect(lint(`${plan}\nactivity:\n  - detail: { description: "{{ what }}" }`)).toEqual([
      '14:11 error mapping-incomplete R4 requires CarePlan.activity.detail.status, and no branch writes it.',
    ]);
    expect(lint('resourceType: Patient\nextension: [{ valueString: x }]')).toEqual([
      '10:7 error mapping-incomplete R4 requires Patient.extension.url, and no branch writes it.',
    ]);
    const dose = 'resourceType: MedicationStatement\nstatus: active\nsubject: { display: x }';
    expect(lint(`${dose}\nmedicationCodeableConcept: { text: "{{ drug }}" }`)).toEqual([]);
    expect(lint(dose).map((one) => one.split(' ').slice(0, 5).join(' '))).toEqual([
      '9:7 error mapping-incomplete R4 requires',
    ]);
  });

  it('judges each resource of a Bundle by itself, and each branch', () => {
    const bundle = (entries: string) => lint(`resourceType: Bundle\ntype: collection\nentry:\n${entries}`);
    expect(
      bundle(
        '  - resource: { resourceType: Patient, gender: female }\n  - resource: { resourceType: Basic, code: { text: x } }',
      ),
    ).toEqual([]);
    expect(bundle('  - resource: { resourceType: Patient }\n  - resource: { resourceType: Basic }')).toEqual([
      '13:21 error mapping-incomplete R4 requires Basic.code, and no branch writes it.',
    ]);
    const branches =
      '"{% if a = 1 %}": { resourceType: Patient }\n"{% else %}": { resourceType: Basic, gender: female }';
    expect(lint(branches).map((one) => one.split(' ').slice(3).join(' '))).toEqual([
      expect.stringContaining('R4 has no Basic.gender.'),
      'R4 requires Basic.code, and no branch writes it.',
    ]);
  });

  it('names an element that R4 does not have, with what may have been meant', () => {
    const [found] = lint('resourceType: Patient\nbirthdate: "{{ born }}"');
    expect(found).toMatch(/^10:7 error mapping-invalid-result R4 has no Patient\.birthdate\..*birthDate/);
    expect(lint('resourceType: Patient\ndeceased: true')[0]).toContain('write deceasedBoolean, deceasedDateTime');
    expect(lint('resourceType: Pateint')[0]).toContain('no resource type');
  });

  it('names a code that is not in the value set R4 requires, written or by way of a code map', () => {
    expect(lint('resourceType: Patient\ngender: woman')[0]).toMatch(/^10:15 error code-invalid Patient\.gender: /);
    const codes = { 'a/b/sex.csv': `${HEADER}F,urn:s,female,,equal,\nM,urn:s,man,,equal,\nX,,,,unmatched,\n` };
    const found = lint(
      "resourceType: Patient\ngender: \"{{ sex.translate('sex', 'error').code }}\"",
      'codes: { sex: sex.csv }\n',
      codes,
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^11:19 error code-invalid .*row 3 of the code map sex\.$/);
  });

  it('names what a profile of ours forbids or requires, where the mapping names the profile', () => {
    const named = (more: string) =>
      lint(
        `${REQUEST}\nmeta: { profile: [https://ginnel.example/fhir/StructureDefinition/GinnelReferralServiceRequest] }\n${more}`,
      );
    const findings = named('');
    expect(findings.length).toBeGreaterThan(0);
    for (const one of findings)
      expect(one).toMatch(/error mapping-incomplete GinnelReferralServiceRequest requires Serv/);
    const wrong = lint(
      'resourceType: Patient\nmeta: { profile: [https://ginnel.example/fhir/StructureDefinition/GinnelCareTeam] }',
    );
    expect(wrong[0]).toMatch(/mapping-invalid-result The profile GinnelCareTeam is for a CareTeam/);
  });
});

describe('lint of branches', () => {
  const branch = (key: string, other = '') =>
    lint(`resourceType: Patient\n"{% if ${key} %}": { gender: female }${other}`).map((one) =>
      one.replace(/ mapping-.*: /, ' '),
    );

  it('finds a literal condition', () => {
    expect(branch('false')).toEqual(['10:14 warning what stands under it is never reached.']);
    expect(branch("1 = 2 or 'a' = 'b'")).toHaveLength(1);
    expect(branch('true', '\n"{% else %}": { gender: male }')).toEqual(['10:14 warning {% else %} is never reached.']);
    expect(branch('true')).toEqual([]);
    expect(branch('a = 1')).toEqual([]);
  });

  it('finds a condition that was decided around it', () => {
    const found = lint(
      'resourceType: Patient\n"{% if a.exists() %}":\n  gender: female\n"{% else %}":\n  "{% if a.exists() %}": { gender: male }',
    );
    expect(found).toEqual([
      expect.stringMatching(
        /^13:16 warning mapping-unreachable This is always false, because the same is asked around it/,
      ),
    ]);
  });

  it('finds a rule that refuses everything or nothing', () => {
    const rule = (when: string) => lint('resourceType: Patient', `refuse: [{ when: "{{ ${when} }}", text: No. }]\n`);
    expect(rule('true')[0]).toContain('refuses every message');
    expect(rule('1 > 2')[0]).toContain('refuses nothing');
  });
});

describe('lint of code maps', () => {
  it('finds a source that stands twice, an empty target, and a SNOMED code whose check digit is wrong', () => {
    const head = 'codes: { sex: sex.csv }\n';
    const use = "resourceType: Patient\ngender: \"{{ sex.translate('sex', 'error').code }}\"";
    const rows = (text: string) => lint(use, head, { 'a/b/sex.csv': HEADER + text });
    expect(rows('F,urn:s,female,,equal,\nF ,urn:s,male,,equal,\n')).toEqual([
      'mappings/a/b/sex.csv:3:1 error codes-invalid The same source stands in row 2.',
    ]);
    expect(rows('F,urn:s,,,equal,\n')[0]).toContain(
      'mappings/a/b/sex.csv:2:1 error codes-invalid The target code is empty.',
    );
    expect(rows('F,http://snomed.info/sct,248152003,,equal,\n')[0]).toContain('its check digit is wrong');
  });
});

describe('ginnel lint --format json', () => {
  it('gives each finding with its place', async () => {
    const root = mappingsFolder({ 'a/b/mapping.yaml': 'mapping: 1\ndirection: sideways\n' });
    const { code, out } = await run(runLint, ['--format', 'json', '--mappings', root]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      mappings: 1,
      errors: 1,
      findings: [
        { severity: 'error', code: 'mapping-syntax', mapping: 'mappings/a/b/mapping.yaml:2:12' },
        { code: 'mapping-incomplete' },
        { code: 'mapping-incomplete' },
      ],
    });
  });
});
