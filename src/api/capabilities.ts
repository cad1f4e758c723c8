import type { CapabilityStatement } from '@medplum/fhirtypes';
import { buildCapabilityStatement } from '../fhir/capability.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { Profiles } from '../fhir/profiles.ts';
import { VERSION } from '../kernel/version.ts';
import { JSON_PATCH } from './middleware/negotiate.ts';

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
    interactions: ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'create', 'search-type'],
    behaviour: {
      readHistory: true,
      updateCreate: true,
      conditionalCreate: true,
      conditionalRead: 'full-support',
      conditionalUpdate: true,
      conditionalDelete: 'single',
    },
    systemInteractions: ['transaction', 'batch'],
    patchFormats: [JSON_PATCH],
    includes: true,
    operations: [{ type: 'Patient', name: 'shared-care-plan' }],
  });
}
