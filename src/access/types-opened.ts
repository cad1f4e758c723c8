/** Types that `*` in a rule does not open: they hold other resources, or tell of them, and must be named. */
export const NAMED_ALONE: ReadonlySet<string> = new Set([
  'AuditEvent',
  'Basic',
  'Binary',
  'Bundle',
  'Group',
  'Linkage',
  'List',
  'MessageHeader',
  'Parameters',
  'Person',
  'Provenance',
  'Subscription',
  'VerificationResult',
]);

/**
 * Types that `*` in a rule opens for reading, and for writing only where the rule is for all records and no consent is
 * needed: who writes them decides who may see what. A Consent permits, and an Organization that takes an identifier is
 * taken for the organisation that is known by it.
 */
export const WRITTEN_WHEN_NAMED: ReadonlySet<string> = new Set(['Consent', 'Organization']);

/**
 * Types about organisations, staff, places and terms. Those of them that are in no patient's record belong to the
 * directory, which is open to whoever has a rule for the type.
 */
export const DIRECTORY_TYPES: ReadonlySet<string> = new Set([
  'ActivityDefinition',
  'CapabilityStatement',
  'CodeSystem',
  'ConceptMap',
  'Endpoint',
  'HealthcareService',
  'ImplementationGuide',
  'Library',
  'Location',
  'Measure',
  'Medication',
  'MedicationKnowledge',
  'MessageDefinition',
  'NamingSystem',
  'OperationDefinition',
  'Organization',
  'OrganizationAffiliation',
  'PlanDefinition',
  'Practitioner',
  'PractitionerRole',
  'Questionnaire',
  'SearchParameter',
  'Slot',
  'StructureDefinition',
  'StructureMap',
  'Substance',
  'ValueSet',
]);
