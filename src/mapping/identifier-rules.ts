import type { Resource } from '@medplum/fhirtypes';
import { EvaluationError } from '../fhirpath/evaluation-error.ts';
import type { BusinessIdentifier } from '../store/store.ts';

/** R4 resources whose `identifier` is one, not a list. */
export const SINGLE_IDENTIFIER_TYPES: ReadonlySet<string> = new Set([
  'AdverseEvent',
  'Bundle',
  'Composition',
  'ConceptMap',
  'MedicinalProductIngredient',
  'QuestionnaireResponse',
  'SpecimenDefinition',
  'SubstanceSpecification',
  'TestReport',
  'TestScript',
]);

/** R4 resources without an `identifier`: a write of theirs cannot be conditional on one. */
export const NO_IDENTIFIER_TYPES: ReadonlySet<string> = new Set([
  'AuditEvent',
  'Binary',
  'CapabilityStatement',
  'CompartmentDefinition',
  'GraphDefinition',
  'ImplementationGuide',
  'Linkage',
  'MedicationKnowledge',
  'MedicinalProductContraindication',
  'MedicinalProductIndication',
  'MedicinalProductInteraction',
  'MedicinalProductManufactured',
  'MedicinalProductUndesirableEffect',
  'MessageHeader',
  'NamingSystem',
  'OperationDefinition',
  'OperationOutcome',
  'Parameters',
  'Provenance',
  'SearchParameter',
  'Subscription',
  'SubstanceNucleicAcid',
  'SubstancePolymer',
  'SubstanceProtein',
  'SubstanceReferenceInformation',
  'SubstanceSourceMaterial',
  'TerminologyCapabilities',
  'VerificationResult',
]);

/** Adds a business identifier to a resource that lacks it. */
export type AddIdentifier = (resource: Resource, identifier: BusinessIdentifier) => Resource;

/**
 * What makes sure that a resource has the business identifier that its write is conditional on. Without it the next
 * message about the same thing would not find it and make a second one; so it is added where the map did not write it
 * itself. The type is undefined where only the rendered resource tells it.
 */
export function identifierAdder(type: string | undefined): AddIdentifier {
  const isUsual = type !== undefined && !NO_IDENTIFIER_TYPES.has(type) && !SINGLE_IDENTIFIER_TYPES.has(type);
  return isUsual ? addToList : addByType;
}

function addByType(resource: Resource, { system, value }: BusinessIdentifier): Resource {
  const { resourceType, identifier } = resource as Resource & { identifier?: unknown };
  const own = { system, value };
  if (NO_IDENTIFIER_TYPES.has(resourceType)) {
    throw new EvaluationError('mapping-failed', `A ${resourceType} has no identifier, so no entry can be one.`);
  }
  if (SINGLE_IDENTIFIER_TYPES.has(resourceType)) {
    if (identifier !== undefined && !isSame(identifier, own)) {
      throw new EvaluationError('mapping-failed', `The one identifier of a ${resourceType} must be that of its entry.`);
    }
    return identifier === undefined ? putIdentifier(resource, own) : resource;
  }
  return addToList(resource, own);
}

function addToList(resource: Resource, own: BusinessIdentifier): Resource {
  const { identifier } = resource as Resource & { identifier?: unknown };
  const others: readonly unknown[] = Array.isArray(identifier) ? identifier : [];
  for (const other of others) if (isSame(other, own)) return resource;
  return putIdentifier(resource, [{ system: own.system, value: own.value }, ...others]);
}

/** Behind the type, where FHIR has it. */
function putIdentifier(resource: Resource, identifier: unknown): Resource {
  const { resourceType, identifier: _before, ...rest } = resource as Resource & { identifier?: unknown };
  return { resourceType, identifier, ...rest } as unknown as Resource;
}

function isSame(one: unknown, { system, value }: BusinessIdentifier): boolean {
  if (typeof one !== 'object' || one === null) return false;
  const other = one as Partial<BusinessIdentifier>;
  return other.system === system && other.value === value;
}
