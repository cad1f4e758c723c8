import type {
  CarePlan,
  CareTeam,
  Condition,
  Encounter,
  Goal,
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
  RelatedPerson,
  Resource,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import type { Reader } from '../auth/reader.ts';
import { referencesOf } from '../fhir/references.ts';
import type { SearchFilter } from '../fhir/search-request.ts';
import { parseExact } from '../kernel/exact-json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { StoredResource } from '../store/store.ts';

/** Everything the shared plan is made from, as the store holds it at one moment. */
export interface PlanSources {
  readonly patient: Patient;
  readonly carePlans: readonly CarePlan[];
  readonly careTeams: readonly CareTeam[];
  readonly serviceRequests: readonly ServiceRequest[];
  readonly goals: readonly Goal[];
  readonly conditions: readonly Condition[];
  readonly tasks: readonly Task[];
  readonly encounters: readonly Encounter[];
  readonly relatedPersons: readonly RelatedPerson[];
  /** People and organisations that the above refer to. */
  readonly directory: readonly (Practitioner | PractitionerRole | Organization)[];
  /** Types that hold more than the plan takes (`planResourcesMax`): said in the answer, never cut in silence. */
  readonly cut: readonly string[];
  /** Types the caller may not read: left out, and said in the answer. */
  readonly withheld: readonly string[];
}

/** Types without which there is no plan; a caller must be allowed all of them. */
export const PLAN_TYPES = ['Patient', 'CarePlan', 'CareTeam', 'ServiceRequest'] as const;

/** Types that enrich it, each given only to a caller that may read it. */
const PLAN_EXTRAS = ['Goal', 'Condition', 'Task', 'Encounter', 'RelatedPerson'] as const;
const DIRECTORY_TYPES = ['Practitioner', 'PractitionerRole', 'Organization'] as const;

/** Open work only: what is finished or was entered in error is history, not plan. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  CarePlan: ['active', 'on-hold', 'draft'],
  CareTeam: ['active', 'proposed'],
  ServiceRequest: ['active', 'on-hold', 'draft'],
  Task: ['requested', 'received', 'accepted', 'ready', 'in-progress', 'on-hold', 'draft'],
  Encounter: ['planned', 'arrived', 'triaged', 'in-progress', 'onleave', 'finished'],
};

/** Parameter of each type that points at the patient. */
const PATIENT_PARAMETER = 'patient';

/** Reads a person's plan material from the store; `mayRead` is the caller's access decision by type. */
export async function gatherPlan(
  patient: StoredResource,
  reader: Reader,
  mayRead: (type: string) => boolean,
): Promise<PlanSources> {
  const cut: string[] = [];
  const open = async <T extends Resource>(type: T['resourceType']): Promise<T[]> => {
    if (!mayRead(type)) return [];
    const page = await reader.search({
      type,
      filters: filtersOf(type, patient.id),
      count: LIMITS.planResourcesMax,
      sort: [],
      total: false,
    });
    if (page.next !== undefined) cut.push(type);
    return page.matches.map(({ content }) => parseExact(content) as unknown as T);
  };
  const [carePlans, careTeams, serviceRequests, goals, conditions, tasks, encounters, relatedPersons] =
    await Promise.all([
      open<CarePlan>('CarePlan'),
      open<CareTeam>('CareTeam'),
      open<ServiceRequest>('ServiceRequest'),
      open<Goal>('Goal'),
      open<Condition>('Condition'),
      open<Task>('Task'),
      open<Encounter>('Encounter'),
      open<RelatedPerson>('RelatedPerson'),
    ]);
  const person = parseExact(patient.content) as unknown as Patient;
  const gathered = [
    person,
    ...carePlans,
    ...careTeams,
    ...serviceRequests,
    ...goals,
    ...conditions,
    ...tasks,
    ...encounters,
  ];
  return {
    patient: person,
    carePlans,
    careTeams,
    serviceRequests,
    goals,
    conditions,
    tasks,
    encounters,
    relatedPersons,
    directory: await readDirectory(gathered, reader, mayRead, cut),
    cut,
    withheld: [...PLAN_EXTRAS, ...DIRECTORY_TYPES].filter((type) => !mayRead(type)),
  };
}

function filtersOf(type: string, patientId: string): SearchFilter[] {
  const ofPatient: SearchFilter = {
    kind: 'reference',
    param: PATIENT_PARAMETER,
    values: [{ targetType: 'Patient', target: patientId }],
  };
  const states = OPEN[type];
  if (states === undefined) return [ofPatient];
  return [ofPatient, { kind: 'token', param: 'status', not: false, values: states.map((code) => ({ code })) }];
}

/** Practitioners, roles and organisations named anywhere in the plan; a role leads on to its person and organisation. */
async function readDirectory(
  resources: readonly Resource[],
  reader: Reader,
  mayRead: (type: string) => boolean,
  cut: string[],
): Promise<PlanSources['directory']> {
  const found = new Map<string, Practitioner | PractitionerRole | Organization>();
  let wanted = directoryReferences(resources);
  for (let depth = 0; depth < 3 && wanted.length > 0; depth += 1) {
    const next: Resource[] = [];
    for (const reference of wanted) {
      const [type = '', id = ''] = reference.split('/');
      if (found.has(reference) || !mayRead(type)) continue;
      if (found.size >= LIMITS.planResourcesMax) {
        cut.push(type);
        return [...found.values()];
      }
      const stored = await reader.read(type, id);
      if (stored === undefined || stored.deleted) continue;
      const resource = parseExact(stored.content) as unknown as Practitioner | PractitionerRole | Organization;
      found.set(reference, resource);
      next.push(resource);
    }
    wanted = directoryReferences(next);
  }
  return [...found.values()];
}

function directoryReferences(resources: readonly Resource[]): string[] {
  const references = new Set(resources.flatMap((resource) => referencesOf(resource)));
  return [...references].filter((reference) => DIRECTORY_TYPES.some((type) => reference.startsWith(`${type}/`)));
}
