import type { Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM } from '../../fhir/canonical.ts';
import { parseSearch } from '../../fhir/parse-search.ts';
import { parseReference } from '../../fhir/references.ts';
import { type MatchScore, postcodesOf, scoreMatch, telecomsOf } from '../../fhir/score-match.ts';
import { GinnelError, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { searchEntryText, searchsetText } from '../search/searchset.ts';
import { readOperationInput } from './operation-input.ts';

const PARAMETERS = { resource: 'resource', onlyCertainMatches: 'boolean', count: 'integer' } as const;

const GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';

interface Candidate extends MatchScore {
  readonly stored: StoredResource;
}

/**
 * `POST Patient/$match`: who is this, where the NHS number is missing or unsure
 * (https://hl7.org/fhir/R4/patient-operation-match.html). The answer is a searchset, the likeliest first, each entry with
 * its score and grade. One person at most is `certain`; where two would be, none is, and a human must decide.
 */
export async function matchOperation(request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const input = readOperationInput(request, PARAMETERS, { body: true });
  if (input.resource?.resourceType !== 'Patient') {
    throw refuse('parameter-invalid', 'resource is a Patient with what is known of the person.');
  }
  const asked = withPlainNumbers(input.resource as unknown as Patient);
  refuseMalformed(asked, parts);
  const count = Math.min(input.count ?? LIMITS.searchCountDefault, LIMITS.searchCountMax);
  const candidates = onlyOneCertain(await findCandidates(asked, request, parts));
  const wanted = candidates.filter(({ grade }) =>
    input.onlyCertainMatches === true ? grade === 'certain' : grade !== 'certainly-not',
  );
  const matches = wanted.slice(0, count);
  const entries = matches.map((one) => entryText(one, parts.fhirBase));
  return {
    status: 200,
    body: searchsetText({ timestamp: parts.clock.now().toISOString(), total: wanted.length }, entries),
    headers: { 'Cache-Control': 'no-store' },
    disclosed: {
      patients: matches.map(({ stored }) => stored.id),
      resources: matches.map(({ stored }) => `Patient/${stored.id}`),
      whose: matches.map(({ stored }) => stored.id),
      queryNames: Object.keys(input),
    },
  };
}

/** NHS numbers as people write them, in three groups. */
function withPlainNumbers(asked: Patient): Patient {
  if (!Array.isArray(asked.identifier)) return asked;
  const identifier = asked.identifier.map((one) =>
    one?.system === NHS_NUMBER_SYSTEM && typeof one.value === 'string'
      ? { ...one, value: one.value.replace(/[\s-]/g, '') }
      : one,
  );
  return { ...asked, identifier };
}

/** What is asked by must be a Patient in form; what it lacks does not matter. */
function refuseMalformed(asked: Patient, { validator }: ApiParts): void {
  const errors = validator
    .validate(asked, { profiles: [] })
    .filter(({ severity, code }) => severity === 'error' && code !== 'element-required');
  if (errors.length > 0) throw new GinnelError(errors);
}

async function findCandidates(asked: Patient, request: FhirRequest, parts: ApiParts): Promise<Candidate[]> {
  const ways = waysToLook(asked);
  if (ways.length === 0) {
    const text = 'To find a person, give an identifier, a telephone number or e-mail address, or two of';
    throw refuse('parameter-invalid', `${text} family name, given name, date of birth and postcode.`);
  }
  const found = new Map<string, StoredResource>();
  await Promise.all(
    ways.map(async (query) => {
      const { fhirBase: baseUrl, definitions } = parts;
      const parsed = parseSearch('Patient', query, definitions, { baseUrl });
      // Restricted to what was asked by: a value that no search can hold finds nobody.
      if (!parsed.ok) return;
      const page = await request.reader.search({ ...parsed.value, count: LIMITS.matchCandidatesMax });
      for (const one of page.matches) found.set(one.id, one);
    }),
  );
  const scored = await Promise.all([...found.values()].map((stored) => scoreCandidate(asked, stored, request, parts)));
  const best = new Map<string, Candidate>();
  for (const one of scored) {
    if (one === undefined) continue;
    const known = best.get(one.stored.id);
    if (known === undefined || known.score < one.score) best.set(one.stored.id, one);
  }
  // Equal scores in the order of their ids, so that the same question has the same answer.
  return [...best.values()].sort((a, b) => b.score - a.score || (a.stored.id < b.stored.id ? -1 : 1));
}

/** Of a record that was merged into another, the other is the answer. */
async function scoreCandidate(
  asked: Patient,
  stored: StoredResource,
  { reader }: FhirRequest,
  { definitions }: ApiParts,
): Promise<Candidate | undefined> {
  const candidate = JSON.parse(stored.content) as Patient;
  const replacement = candidate.link?.find(({ type }) => type === 'replaced-by')?.other.reference;
  const score = scoreMatch(asked, candidate);
  if (replacement === undefined) return { ...score, stored };
  const target = parseReference(replacement, definitions.resourceTypes);
  const survivor = target === undefined ? undefined : await reader.read('Patient', target.id);
  return survivor === undefined || survivor.deleted ? undefined : { ...score, stored: survivor };
}

function onlyOneCertain(candidates: readonly Candidate[]): readonly Candidate[] {
  if (candidates.filter(({ grade }) => grade === 'certain').length < 2) return candidates;
  return candidates.map((one) => (one.grade === 'certain' ? { ...one, grade: 'probable' } : one));
}

type Query = readonly (readonly [string, string])[];

/** Searches that each bring few people; a person who is found by none of them is nobody we could be sure of. */
function waysToLook(asked: Patient): Query[] {
  const family = asked.name?.find((name) => name.family !== undefined)?.family;
  const given = asked.name?.find((name) => name.given?.[0] !== undefined)?.given?.[0];
  const [postcode] = postcodesOf(asked);
  const known: Record<string, string | undefined> = {
    family: family === undefined ? undefined : escapeValue(family),
    given: given === undefined ? undefined : escapeValue(given),
    birthdate: asked.birthDate,
    // With the space and without, as people write it.
    'address-postalcode':
      postcode === undefined ? undefined : `${postcode.slice(0, -3)} ${postcode.slice(-3)},${escapeValue(postcode)}`,
  };
  const byTwo: Query[] = [
    ['family', 'birthdate'],
    ['given', 'birthdate'],
    ['family', 'given'],
    ['birthdate', 'address-postalcode'],
    ['family', 'address-postalcode'],
  ].flatMap((names) => {
    const pairs = names.flatMap((name): [string, string][] => (known[name] === undefined ? [] : [[name, known[name]]]));
    return pairs.length === names.length ? [pairs] : [];
  });
  const identifiers = (asked.identifier ?? []).flatMap(({ system, value }): Query[] =>
    system === undefined || value === undefined
      ? []
      : [[['identifier', `${escapeValue(system)}|${escapeValue(value.trim())}`]]],
  );
  const telecoms = (asked.telecom ?? []).flatMap(({ value }): Query[] =>
    value === undefined || telecomsOf({ resourceType: 'Patient', telecom: [{ value }] }).length === 0
      ? []
      : [[['telecom', escapeValue(value)]]],
  );
  return [...identifiers.slice(0, 5), ...telecoms.slice(0, 3), ...byTwo];
}

/** https://hl7.org/fhir/R4/search.html#escaping */
function escapeValue(text: string): string {
  return text.replaceAll(/[\\,|$]/g, (char) => `\\${char}`);
}

function entryText({ stored, score, grade }: Candidate, fhirBase: string): string {
  return searchEntryText(stored, { extension: [{ url: GRADE, valueCode: grade }], mode: 'match', score }, fhirBase);
}
