import { parseArgs } from 'node:util';
import type {
  Bundle,
  Composition,
  OperationOutcome,
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
} from '@medplum/fhirtypes';
import { describe, directoryOf, nameText } from '../care-plan/describe.ts';
import { NHS_NUMBER_SYSTEM } from '../fhir/canonical.ts';
import type { Io } from '../kernel/io.ts';
import { accessTokenFor, findGateway } from './running-gateway.ts';

/** `ginnel plan <NHS number>`: the shared care plan of one person, for people to read, or as FHIR with `--json`. */
export async function runPlan(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      client: { type: 'string', default: 'neighbourhood-viewer' },
      url: { type: 'string' },
      key: { type: 'string' },
    },
  });
  const nhsNumber = positionals.join('').replaceAll(' ', '');
  if (nhsNumber === '') {
    io.err('Name the person by NHS number: ginnel plan 9990000018\n');
    return 2;
  }
  const gateway = await findGateway(values.url, io.env);
  const token = await accessTokenFor(values.client, gateway, io.env, undefined, values.key);
  const address = `${gateway.baseUrl}/fhir/Patient/$shared-care-plan?identifier=${encodeURIComponent(`${NHS_NUMBER_SYSTEM}|${nhsNumber}`)}`;
  const response = await fetch(address, {
    headers: { Authorization: `Bearer ${token}`, Accept: 'application/fhir+json' },
  });
  const body = (await response.json()) as Bundle | OperationOutcome;
  if (body.resourceType !== 'Bundle') {
    for (const one of body.issue ?? []) io.err(`${one.severity}: ${one.diagnostics ?? one.code}\n`);
    return 1;
  }
  io.out(values.json ? `${JSON.stringify(body, null, 2)}\n` : planText(body));
  return 0;
}

function planText(bundle: Bundle): string {
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
  const byReference = new Map(resources.map((resource) => [`${resource.resourceType}/${resource.id}`, resource]));
  const ofType = <T>(type: string): T[] => resources.filter(({ resourceType }) => resourceType === type) as T[];
  const directory = directoryOf([
    ...ofType<Practitioner>('Practitioner'),
    ...ofType<PractitionerRole>('PractitionerRole'),
    ...ofType<Organization>('Organization'),
  ]);
  const lines: string[] = [];
  for (const patient of ofType<Patient>('Patient')) {
    const number = patient.identifier?.find(({ system }) => system === NHS_NUMBER_SYSTEM)?.value ?? 'Not known';
    lines.push(
      `${nameText(patient.name)}   Born ${patient.birthDate ?? 'Not known'}   NHS No. ${number.replace(/^(\d{3})(\d{3})(\d{4})$/, '$1 $2 $3')}`,
    );
  }
  for (const composition of ofType<Composition>('Composition')) {
    lines.push(`${composition.title}, ${composition.date}`);
    for (const section of composition.section ?? []) {
      lines.push('', section.title ?? '');
      if (section.entry === undefined) lines.push('  nothing held');
      for (const { reference } of section.entry ?? []) {
        const resource = byReference.get(reference ?? '');
        if (resource !== undefined) lines.push(...describe(resource, directory).map((line) => `  ${line}`));
      }
    }
  }
  for (const outcome of ofType<OperationOutcome>('OperationOutcome')) {
    lines.push('', ...(outcome.issue ?? []).map((one) => `Note: ${one.diagnostics ?? one.code}`));
  }
  return `${lines.join('\n')}\n`;
}
