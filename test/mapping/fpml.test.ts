import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Environment } from '../../src/fhirpath/fhirpath.ts';
import { LIMITS } from '../../src/kernel/limits.ts';
import { compileSkeleton } from '../../src/mapping/compile-skeleton.ts';
import { bindFunctions } from '../../src/mapping/functions.ts';
import { SkeletonReader } from '../../src/mapping/read-skeleton.ts';
import type { RunHost } from '../../src/mapping/run-host.ts';
import { Scope } from '../../src/mapping/scope.ts';
import { readYamlSource } from '../../src/mapping/yaml-source.ts';

const data = process.env.GINNEL_CONFORMANCE_DATA;
const folder = data === undefined ? undefined : join(data, 'fpml');

/** FPML's own form: a template, a context whose members are variables, and a QuestionnaireResponse as the root. */
function runTemplate(template: string, context: Record<string, unknown>, dialect: 'fhir' | 'plain'): unknown {
  const source = readYamlSource(template, 'template.yaml');
  if (!source.ok) throw new Error(JSON.stringify(source.issues));
  const reader = new SkeletonReader(source.value);
  const node = reader.read(source.value.root);
  expect(reader.issues).toEqual([]);
  const scope = Scope.outermost(
    { dialect, functions: bindFunctions({ codes: new Map(), hasEntry: () => false }), track: false, issues: [] },
    Object.keys(context),
  );
  const render = compileSkeleton(node, scope);
  expect(scope.parts.issues).toEqual([]);
  const host: RunHost = { codes: new Map(), references: undefined, entriesFailed: false, trace: undefined };
  const env: Environment = {
    variables: new Map(),
    frame: Object.values(context),
    now: new Date('2026-03-02T09:30:00Z'),
    budget: { steps: LIMITS.mappingStepsMax },
    host,
  };
  scope.layout.fill()(context.QuestionnaireResponse, env);
  return render(context.QuestionnaireResponse, env);
}

describe.skipIf(folder === undefined || !existsSync(folder))(
  'the published FPML triples give their published results (skipped where GINNEL_CONFORMANCE_DATA is unset)',
  () => {
    const read = (name: string) => readFileSync(join(folder ?? '', name), 'utf8');

    it.each([
      ['complex-example.fhir', 'fhir'],
      ['complex-example.aidbox', 'plain'],
    ] as const)('%s', (name, dialect) => {
      const context = parse(read(`${name}.context.yaml`)) as Record<string, unknown>;
      const result = runTemplate(read(`${name}.template.yaml`), context, dialect);
      expect(result).toEqual(parse(read(`${name}.result.yaml`)));
    });

    it('repeatable', () => {
      // The template stands in the publisher's repository in another language; this one says the same in ours.
      const template = `
resourceType: Bundle
type: transaction
entry:
  - request:
      url: "/Patient/{{ repeat(item).where(linkId = 'patientId').answer.value }}"
      method: PATCH
  - resource:
      resourceType: Patient
      telecom:
        - "{% for group in repeat(item).where(linkId = 'phone-group') %}":
            system: phone
            use: "{{ %group.item.where(linkId = 'phone-type').answer.value }}"
            value: "{{ %group.item.where(linkId = 'phone-number').answer.value }}"`;
      const context = { QuestionnaireResponse: JSON.parse(read('repeatable/qr.json')) as unknown };
      expect(runTemplate(template, context, 'fhir')).toEqual(JSON.parse(read('repeatable/result.json')));
    });
  },
);
