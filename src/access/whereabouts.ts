import type { Organization, Patient, Practitioner, PractitionerRole, Resource } from '@medplum/fhirtypes';
import type { Partner } from '../config/config.ts';
import { parseExact } from '../kernel/exact-json.ts';
import { LIMITS } from '../kernel/limits.ts';
import type { Store } from '../store/store.ts';
import { keyOf } from './access.ts';

/** What would tell where a restricted patient lives: where it stands in a structure, and as words in any text. */
export interface Whereabouts {
  /** `Organization/x`, `Practitioner/y`: his practice and who works there. */
  readonly references: ReadonlySet<string>;
  /** `system|value` of the same. */
  readonly identifiers: ReadonlySet<string>;
  /** Address lines, postcodes, numbers, names of the practice: letters and digits alone, in small letters. */
  readonly words: readonly string[];
}

export interface WhereaboutsParts {
  readonly store: Pick<Store, 'read' | 'search'>;
  readonly partners: ReadonlyMap<string, Partner>;
}

/** Shorter words stand in too many texts. */
const WORD_CHARS_MIN = 5;

/** The Patients as they are stored, whole. */
export async function readPatients(
  ids: readonly string[],
  { store }: Pick<WhereaboutsParts, 'store'>,
): Promise<Patient[]> {
  const found = await Promise.all(ids.map((id) => store.read('Patient', id)));
  return found.flatMap((stored) =>
    stored === undefined || stored.deleted ? [] : (parseExact(stored.content) as unknown as Patient),
  );
}

/** Gathers what must not leave about restricted patients. */
export async function whereaboutsOf(patients: readonly Patient[], parts: WhereaboutsParts): Promise<Whereabouts> {
  const references = new Set<string>();
  const identifiers = new Set<string>();
  const words = new Set<string>();
  const add = (word: string | undefined): void => {
    const plain = plainOf(word ?? '');
    if (plain.length >= WORD_CHARS_MIN) words.add(plain);
  };
  for (const patient of patients) {
    for (const address of [
      ...(patient.address ?? []),
      ...(patient.contact ?? []).flatMap((one) => one.address ?? []),
    ]) {
      for (const line of [...(address.line ?? []), address.postalCode, address.text]) add(line);
    }
    for (const { value } of [
      ...(patient.telecom ?? []),
      ...(patient.contact ?? []).flatMap((one) => one.telecom ?? []),
    ])
      add(value);
    for (const { reference, identifier, display } of patient.generalPractitioner ?? []) {
      if (reference !== undefined) references.add(relative(reference));
      if (identifier?.system !== undefined && identifier.value !== undefined) {
        identifiers.add(keyOf({ system: identifier.system, value: identifier.value }));
        add(identifier.value);
      }
      add(display);
    }
  }
  await addPractice({ references, identifiers, add }, parts);
  for (const partner of parts.partners.values()) {
    if (partner.organisation === undefined || !identifiers.has(keyOf(partner.organisation))) continue;
    add(partner.name);
    add(partner.title);
  }
  return { references, identifiers, words: [...words] };
}

interface Gathered {
  readonly references: Set<string>;
  readonly identifiers: Set<string>;
  readonly add: (word: string | undefined) => void;
}

/** The practice by all its names, and those who work there: each of them leads to it. */
async function addPractice({ references, identifiers, add }: Gathered, { store }: WhereaboutsParts): Promise<void> {
  const read = async (reference: string): Promise<Resource | undefined> => {
    const [type = '', id = ''] = reference.split('/');
    const stored = await store.read(type, id);
    return stored === undefined || stored.deleted ? undefined : (parseExact(stored.content) as unknown as Resource);
  };
  const addNames = (resource: Organization | Practitioner): void => {
    for (const { system, value } of resource.identifier ?? []) {
      if (system === undefined || value === undefined) continue;
      identifiers.add(keyOf({ system, value }));
      add(value);
    }
    if (resource.resourceType === 'Organization') {
      for (const word of [resource.name, ...(resource.alias ?? [])]) add(word);
    } else {
      for (const { family, given = [], text } of resource.name ?? []) add(text ?? [...given, family].join(''));
    }
  };
  for (const key of [...identifiers]) {
    const [system = '', value = ''] = key.split('|');
    const page = await store.search({
      type: 'Organization',
      filters: [{ kind: 'token', param: 'identifier', not: false, values: [{ system, code: value }] }],
      count: LIMITS.searchCountDefault,
      sort: [],
      total: false,
    });
    for (const { id } of page.matches) references.add(`Organization/${id}`);
  }
  const wanted = [...references];
  for (let at = 0; at < wanted.length && at < LIMITS.practiceEntriesMax; at += 1) {
    const reference = wanted[at] ?? '';
    const follow = (next: string | undefined): void => {
      if (next === undefined || references.has(relative(next))) return;
      references.add(relative(next));
      wanted.push(relative(next));
    };
    const resource = await read(reference);
    if (resource?.resourceType === 'PractitionerRole') {
      follow(resource.practitioner?.reference);
      follow(resource.organization?.reference);
    }
    if (resource?.resourceType === 'Practitioner' || resource?.resourceType === 'Organization') addNames(resource);
    if (resource?.resourceType !== 'Organization') continue;
    for (const type of ['PractitionerRole', 'HealthcareService'] as const) {
      const page = await store.search({
        type,
        filters: [
          {
            kind: 'reference',
            param: 'organization',
            values: [{ targetType: 'Organization', target: resource.id ?? '' }],
          },
        ],
        count: LIMITS.searchCountMax,
        sort: [],
        total: false,
      });
      for (const { content, id } of page.matches) {
        references.add(`${type}/${id}`);
        if (type === 'PractitionerRole') follow((JSON.parse(content) as PractitionerRole).practitioner?.reference);
      }
    }
  }
}

/** Letters and digits alone, so that spelling hides nothing: "SK4 3AA" is in "sk43aa". */
export function plainOf(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** `Organization/x` of `http://here/fhir/Organization/x/_history/2`. */
export function relative(reference: string): string {
  return /([A-Z][A-Za-z]{1,63}\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]{1,64})?$/.exec(reference)?.[1] ?? reference;
}
