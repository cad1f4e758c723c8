import type { Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../../src/fhir/definitions.ts';
import type { Property, Structure } from '../../src/fhir/structure.ts';
import type { JsonObject, JsonValue } from '../../src/kernel/json.ts';

/** What a rule of the type wants besides what its definition requires, or instead of it. */
const MORE: Readonly<Record<string, JsonObject>> = {
  ActivityDefinition: { name: 'Name' },
  AllergyIntolerance: {
    clinicalStatus: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }],
    },
  },
  Appointment: { status: 'cancelled', participant: [{ actor: { reference: 'Patient/x' }, status: 'accepted' }] },
  AppointmentResponse: { actor: { reference: 'Patient/x' } },
  Bundle: { type: 'collection' },
  CapabilityStatement: {
    kind: 'requirements',
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [{ mode: 'server' }],
    description: 'x',
  },
  CodeSystem: { name: 'Name', content: 'not-present' },
  ConceptMap: { name: 'Name' },
  Consent: {
    scope: { text: 'x' },
    category: [{ text: 'x' }],
    policyRule: { text: 'x' },
    patient: { reference: 'Patient/x' },
  },
  EventDefinition: { name: 'Name', trigger: [{ type: 'named-event', name: 'x' }] },
  EvidenceVariable: { characteristic: [{ definitionCodeableConcept: { text: 'x' } }] },
  GraphDefinition: { name: 'Name' },
  Group: { type: 'person', actual: true },
  ImplementationGuide: { name: 'Name', packageId: 'x.example', fhirVersion: ['4.0.1'] },
  ImmunizationRecommendation: {
    recommendation: [{ vaccineCode: [{ text: 'x' }], forecastStatus: { text: 'x' } }],
  },
  InsurancePlan: { name: 'x' },
  Linkage: {
    item: ['source', 'alternate'].map((type) => ({ type, resource: { reference: 'Patient/x' } })),
  },
  List: { mode: 'working' },
  MessageDefinition: { name: 'Name' },
  MolecularSequence: { coordinateSystem: 0 },
  NamingSystem: { name: 'Name', uniqueId: [{ type: 'uri', value: 'https://x.example' }] },
  Organization: { name: 'x' },
  OperationDefinition: { name: 'Name', code: 'name', kind: 'operation', system: true, type: false, instance: false },
  SearchParameter: { name: 'Name', code: 'name', base: ['Patient'], expression: 'Patient.id' },
  StructureDefinition: {
    name: 'Name',
    kind: 'logical',
    abstract: true,
    type: 'https://x.example/T',
    differential: { element: [{ id: 'T', path: 'T' }] },
  },
  StructureMap: { name: 'Name' },
  Subscription: { channel: { type: 'rest-hook', endpoint: 'https://x.example' } },
  TerminologyCapabilities: { name: 'Name', kind: 'requirements', description: 'x' },
  ValueSet: { name: 'Name' },
};

/** The smallest resource of a type that R4 takes: what its definition requires, and what its rules want besides. */
export function minimalResource(type: string, definitions: Definitions): Resource {
  const structure = definitions.structure(type);
  if (structure === undefined) throw new Error(`R4 has no type ${type}`);
  const content = { ...requiredOf(structure, definitions), ...MORE[type] };
  return JSON.parse(JSON.stringify({ resourceType: type, ...content })) as Resource;
}

function requiredOf(structure: Structure, definitions: Definitions): JsonObject {
  const object: JsonObject = {};
  const chosen = new Set<string>();
  for (const property of structure.properties.values()) {
    if (!property.required || (property.choice !== undefined && chosen.has(property.choice))) continue;
    if (property.choice !== undefined) chosen.add(property.choice);
    const value = sampleOf(property, definitions);
    object[property.name] = property.list ? [value] : value;
  }
  return object;
}

const PRIMITIVES: Readonly<Record<string, JsonValue>> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  date: '2026-01-05',
  dateTime: '2026-01-05',
  instant: '2026-01-05T09:00:00Z',
  time: '09:00:00',
  base64Binary: 'eA==',
  oid: 'urn:oid:1.2.3',
  uuid: 'urn:uuid:8d7e9ac4-7d5a-4f2b-9c7e-1c2d3e4f5a6b',
  uri: 'https://x.example',
  url: 'https://x.example',
  canonical: 'https://x.example',
};

function sampleOf(property: Property, definitions: Definitions): JsonValue {
  const { type, valueSet, targets, inner } = property;
  if (type === 'Resource') return { resourceType: 'Basic', code: { text: 'x' } };
  if (/^[a-z]/.test(type)) return codeOf(valueSet, definitions) ?? PRIMITIVES[type] ?? 'x';
  if (type === 'Reference') return { reference: `${[...(targets ?? ['Patient'])][0]}/x` };
  if (type === 'CodeableConcept') return { text: 'x' };
  if (type === 'Narrative') return { status: 'empty', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' };
  const structure = inner?.() ?? definitions.structure(type);
  const object = structure === undefined ? {} : requiredOf(structure, definitions);
  return Object.keys(object).length === 0 ? fallbackOf(type) : object;
}

function codeOf(valueSet: string | undefined, definitions: Definitions): string | undefined {
  const codes = valueSet === undefined ? undefined : definitions.valueSet(valueSet);
  return codes === undefined ? undefined : [...codes.values()].flatMap((list) => [...list])[0];
}

/** A type of which nothing is required still wants something. */
function fallbackOf(type: string): JsonObject {
  switch (type) {
    case 'Coding':
      return { code: 'x' };
    case 'Identifier':
      return { value: 'x' };
    case 'Period':
      return { start: '2026-01-05' };
    case 'Attachment':
      return { title: 'x' };
    case 'Timing':
      return { event: ['2026-01-05'] };
    case 'Quantity':
    case 'SimpleQuantity':
      return { value: 1 };
    default:
      return { extension: [{ url: 'https://x.example', valueCode: 'x' }] };
  }
}
