import type { CapabilityStatement } from '@medplum/fhirtypes';
import { GINNEL_BASE } from '../fhir/canonical.ts';
import { buildCapabilityStatement, type CapableOperation } from '../fhir/capability.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { Profiles } from '../fhir/profiles.ts';
import { VERSION } from '../kernel/version.ts';
import { JSON_PATCH } from './middleware/negotiate.ts';
import { OPERATION_ROUTES } from './operations.ts';
import type { FhirRoute } from './routes.ts';

/** Operations of the standard, by name, and the type under which it defines them; the others are our own. */
const DEFINED: Readonly<Record<string, string>> = {
  validate: 'Resource',
  convert: 'Resource',
  everything: 'Patient',
  match: 'Patient',
  translate: 'ConceptMap',
  'process-message': 'MessageHeader',
};

/** What `GET /fhir/metadata` says, made from the route table and the definitions. */
export function describeCapabilities(
  definitions: Definitions,
  profiles: Profiles,
  fhirBase: string,
  date: Date,
): CapabilityStatement {
  return buildCapabilityStatement({
    baseUrl: fhirBase,
    version: VERSION,
    date,
    definitions,
    profiles,
    interactions: [
      'read',
      'vread',
      'update',
      'patch',
      'delete',
      'history-instance',
      'history-type',
      'create',
      'search-type',
    ],
    behaviour: {
      readHistory: true,
      updateCreate: true,
      conditionalCreate: true,
      conditionalRead: 'full-support',
      conditionalUpdate: true,
      conditionalDelete: 'single',
    },
    systemInteractions: ['transaction', 'batch', 'history-system'],
    patchFormats: [JSON_PATCH, 'application/fhir+json', 'application/fhir+xml'],
    includes: true,
    operations: OPERATION_ROUTES.flatMap(describeOperation).filter(isFirst),
  });
}

/** `/Patient/:id/$everything` is an operation on Patient, `/:type/$validate` on every type, `/$convert` on the system. */
function describeOperation({ path }: Pick<FhirRoute, 'path'>): CapableOperation[] {
  const steps = path.slice(1).split('/');
  const name = steps.at(-1)?.replace('$', '') ?? '';
  const [on = 'system'] = steps.slice(0, -1).map((step) => (step === ':type' ? 'every' : step));
  const type = DEFINED[name];
  const definition =
    type === undefined
      ? `${GINNEL_BASE}/OperationDefinition/${name}`
      : `http://hl7.org/fhir/OperationDefinition/${type}-${name}`;
  return [{ on, name, definition }];
}

/** An operation that is called in several ways is one. */
function isFirst({ on, name }: CapableOperation, index: number, all: readonly CapableOperation[]): boolean {
  return all.findIndex((other) => other.on === on && other.name === name) === index;
}
