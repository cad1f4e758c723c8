import type {
  Bundle,
  BundleEntry,
  CarePlan,
  Composition,
  CompositionSection,
  OperationOutcome,
  Resource,
} from '@medplum/fhirtypes';
import { SNOMED_SYSTEM } from '../fhir/canonical.ts';
import { toOperationOutcome } from '../fhir/outcome.ts';
import { type Issue, issue } from '../kernel/errors.ts';
import { type Directory, describe, directoryOf } from './describe.ts';
import type { PlanSources } from './gather.ts';

export interface ComposeOptions {
  /** Id of this answer: a document is a statement of one moment, so each has its own. */
  readonly id: string;
  readonly now: Date;
  /** `http://localhost:8080/fhir`. */
  readonly fhirBase: string;
}

/** SNOMED CT 734163000 Care plan. */
const CARE_PLAN_CODE = '734163000';
/** SNOMED CT 325691000000100 Contingency plan. */
const CONTINGENCY_CODE = '325691000000100';

/**
 * The shared care plan as a FHIR document (https://hl7.org/fhir/R4/documents.html): a Composition whose sections follow
 * the headings of the PRSB Personalised Care and Support Plan 2.0, then everything it refers to. Pure. What was left
 * out, by access or by size, is said in an OperationOutcome entry.
 */
export function composePlan(sources: PlanSources, options: ComposeOptions): Bundle {
  const { plan, contingencies, others } = sortPlans(sources.carePlans);
  const directory = directoryOf(sources.directory);
  const section = (title: string, resources: readonly Resource[], type?: string): CompositionSection =>
    resources.length > 0
      ? sectionOf(title, resources, directory)
      : emptySection(title, type !== undefined && sources.withheld.includes(type));
  const composition: Composition = {
    resourceType: 'Composition',
    id: options.id,
    status: 'final',
    type: {
      coding: [{ system: SNOMED_SYSTEM, code: '2181441000000107', display: 'Personalised Care and Support Plan' }],
    },
    subject: { reference: `Patient/${sources.patient.id}` },
    date: options.now.toISOString(),
    author: [{ type: 'Device', display: 'Ginnel shared care plan' }],
    title: 'Shared care plan',
    section: [
      section('Professional contacts', sources.careTeams),
      section('Personal contacts', sources.relatedPersons, 'RelatedPerson'),
      section('Care and support plan', [
        ...(plan === undefined ? [] : [plan]),
        ...sources.conditions,
        ...sources.goals,
        ...sources.tasks,
      ]),
      section('Contingency plans', contingencies),
      section('Referrals and requests', sources.serviceRequests),
      section('Admissions and discharges', sources.encounters, 'Encounter'),
      section('Other care planning documents', others),
    ],
  };
  const resources: Resource[] = [
    sources.patient,
    ...(plan === undefined ? [] : [plan]),
    ...sources.careTeams,
    ...sources.serviceRequests,
    ...contingencies,
    ...others,
    ...sources.goals,
    ...sources.conditions,
    ...sources.tasks,
    ...sources.encounters,
    ...sources.relatedPersons,
    ...sources.directory,
  ];
  const notes = noteGaps(sources, plan);
  const outcome: OperationOutcome | undefined = notes.length === 0 ? undefined : toOperationOutcome(notes);
  return {
    resourceType: 'Bundle',
    id: options.id,
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${options.id}` },
    timestamp: options.now.toISOString(),
    entry: [
      { fullUrl: `urn:uuid:${options.id}`, resource: composition },
      ...resources.map(
        (resource): BundleEntry => ({
          fullUrl: `${options.fhirBase}/${resource.resourceType}/${resource.id}`,
          resource,
        }),
      ),
      ...(outcome === undefined ? [] : [{ resource: outcome }]),
    ],
  };
}

/** The one plan is the newest active one of category 734163000; contingency plans have a section of their own; the rest are listed. */
function sortPlans(carePlans: readonly CarePlan[]): {
  plan: CarePlan | undefined;
  contingencies: CarePlan[];
  others: CarePlan[];
} {
  const newestFirst = [...carePlans].sort((a, b) =>
    (a.meta?.lastUpdated ?? '') < (b.meta?.lastUpdated ?? '') ? 1 : -1,
  );
  const contingencies = newestFirst.filter((one) => hasCategory(one, CONTINGENCY_CODE));
  const candidates = newestFirst.filter((one) => !contingencies.includes(one));
  // A service's own plan, or the outcome of a triage, is never taken for the one plan.
  const plan = candidates.find((one) => one.status === 'active' && hasCategory(one, CARE_PLAN_CODE));
  return { plan, contingencies, others: candidates.filter((one) => one !== plan) };
}

function hasCategory(plan: CarePlan, code: string): boolean {
  return (plan.category ?? []).some(({ coding }) =>
    (coding ?? []).some((one) => one.system === SNOMED_SYSTEM && one.code === code),
  );
}

/** Says why it is empty: nothing is held, which is not the same as "there is none", or the caller may not see it. */
function emptySection(title: string, withheld: boolean): CompositionSection {
  const [code, display, text] = withheld
    ? ['withheld', 'Information Withheld', 'Left out: the application that asked may not read it.']
    : ['unavailable', 'Unavailable', 'Nothing is held here.'];
  return {
    title,
    // R4 rule cmp-1: a section has a text, entries or sections, also when it is empty.
    text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>${text}</p></div>` },
    emptyReason: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/list-empty-reason', code, display }],
    },
  };
}

function sectionOf(title: string, resources: readonly Resource[], directory: Directory): CompositionSection {
  const lines = resources.flatMap((resource) => describe(resource, directory));
  return {
    title,
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><ul>${lines.map((line) => `<li>${escapeXml(line)}</li>`).join('')}</ul></div>`,
    },
    entry: resources.map(({ resourceType, id }) => ({ reference: `${resourceType}/${id}` })),
  };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function noteGaps(sources: PlanSources, plan: CarePlan | undefined): Issue[] {
  const notes: Issue[] = [];
  if (plan === undefined) {
    notes.push(
      issue('resource-not-found', 'No active care plan is held for this person.', { severity: 'information' }),
    );
  }
  for (const type of sources.cut) {
    notes.push(
      issue('fields-too-many', `There are more resources of type ${type} than a plan holds; search for the rest.`, {
        severity: 'warning',
      }),
    );
  }
  for (const type of sources.withheld) {
    notes.push(
      issue(
        'scope-insufficient',
        `Resources of type ${type} are left out: no scope of the token opens them, or no access rule.`,
        {
          severity: 'information',
        },
      ),
    );
  }
  return notes;
}
