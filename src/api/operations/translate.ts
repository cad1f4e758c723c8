import type { CodeableConcept, Coding, ConceptMap, ConceptMapGroupElementTarget, Parameters } from '@medplum/fhirtypes';
import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readOperationInput } from './operation-input.ts';

const PARAMETERS = {
  url: 'text',
  conceptMap: 'resource',
  code: 'text',
  system: 'text',
  coding: 'Coding',
  codeableConcept: 'CodeableConcept',
  targetsystem: 'text',
  reverse: 'boolean',
} as const;

interface Asked {
  /** Undefined where the caller gave none: then any map's own system does. */
  readonly system: string | undefined;
  readonly code: string;
}

interface Found {
  readonly equivalence: ConceptMapGroupElementTarget['equivalence'];
  readonly concept: Coding | undefined;
  readonly source: string;
}

/** https://hl7.org/fhir/R4/valueset-concept-map-equivalence.html: these say that there is no translation. */
const NONE: readonly string[] = ['unmatched', 'disjoint'];

/** Read the other way round, a wider target is a narrower one. */
const REVERSED: Readonly<Record<string, Found['equivalence']>> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
};

/**
 * `GET|POST ConceptMap/$translate` over the code maps of the mappings in use, `ConceptMap/[id]/$translate` over a stored
 * one (https://hl7.org/fhir/R4/conceptmap-operation-translate.html): the very tables by which messages are mapped.
 */
export function translateOperation(body: boolean): (request: FhirRequest, parts: ApiParts) => Promise<FhirAnswer> {
  return async (request, parts) => {
    const input = readOperationInput(request, PARAMETERS, { body });
    const asked = readAsked(input);
    const maps = await findMaps(request, input.url, input.conceptMap as ConceptMap | undefined, parts);
    const reverse = input.reverse === true;
    const found = maps.flatMap((map) => asked.flatMap((one) => translate(map, one, input.targetsystem, reverse)));
    const answer: Parameters = {
      resourceType: 'Parameters',
      parameter: [
        { name: 'result', valueBoolean: found.some(({ equivalence }) => !NONE.includes(equivalence)) },
        ...(found.length === 0 ? [{ name: 'message', valueString: 'No map has a row for this code.' }] : []),
        ...found.map(({ equivalence, concept, source }) => ({
          name: 'match',
          part: [
            { name: 'equivalence', valueCode: equivalence },
            ...(concept === undefined ? [] : [{ name: 'concept', valueCoding: concept }]),
            { name: 'source', valueUri: source },
          ],
        })),
      ],
    };
    return {
      status: 200,
      body: JSON.stringify(answer),
      headers: {},
      disclosed: { patients: [], resources: [], queryNames: Object.keys(input) },
    };
  };
}

function readAsked(input: {
  readonly code?: string;
  readonly system?: string;
  readonly coding?: object;
  readonly codeableConcept?: object;
}): Asked[] {
  const ways = [input.code, input.coding, input.codeableConcept].filter((one) => one !== undefined);
  if (ways.length !== 1) throw refuse('parameter-invalid', 'Give one of code, coding and codeableConcept.');
  if (input.code !== undefined) return [{ system: input.system, code: input.code }];
  const codings: readonly Coding[] =
    input.coding === undefined ? ((input.codeableConcept as CodeableConcept).coding ?? []) : [input.coding as Coding];
  const asked = codings.flatMap(({ system, code }) => (typeof code === 'string' ? [{ system, code }] : []));
  if (asked.length === 0) throw refuse('parameter-invalid', 'There is no code to translate.');
  return asked;
}

async function findMaps(
  { id, reader }: FhirRequest,
  url: string | undefined,
  sent: ConceptMap | undefined,
  { conceptMaps }: ApiParts,
): Promise<readonly ConceptMap[]> {
  if (sent !== undefined) throw refuse('parameter-unsupported', 'Translates by maps that are in use, not by one sent.');
  if (id !== '') {
    const stored = await reader.read('ConceptMap', id);
    if (stored === undefined) throw refuse('resource-not-found', 'There is no ConceptMap with this id.');
    if (stored.deleted) throw refuse('resource-gone', 'This ConceptMap has been deleted.');
    return [JSON.parse(stored.content) as ConceptMap];
  }
  if (url === undefined) return conceptMaps;
  const found = conceptMaps.filter((map) => map.url === url);
  if (found.length === 0) throw refuse('resource-not-found', 'No mapping in use has a code map of this url.');
  return found;
}

function translate(map: ConceptMap, asked: Asked, targetSystem: string | undefined, reverse: boolean): Found[] {
  const found: Found[] = [];
  const add = (equivalence: Found['equivalence'], system: string | undefined, target: Partial<Coding>): void => {
    const { code, display } = target;
    const concept =
      code === undefined || NONE.includes(equivalence)
        ? undefined
        : { ...(system === undefined ? {} : { system }), code, ...(display === undefined ? {} : { display }) };
    found.push({ equivalence, concept, source: map.url ?? `ConceptMap/${map.id}` });
  };
  for (const group of map.group ?? []) {
    const [from, to] = reverse ? [group.target, group.source] : [group.source, group.target];
    // A map of a partner's own words has no source system: it answers for whoever names none, or names the map.
    if (from !== undefined && asked.system !== undefined && from !== asked.system) continue;
    if (from === undefined && asked.system !== undefined) continue;
    if (targetSystem !== undefined && to !== targetSystem) continue;
    let known = false;
    for (const { code, display, target = [] } of group.element ?? []) {
      if (!reverse && code === asked.code) {
        known = true;
        for (const one of target) add(one.equivalence, to, one);
      }
      const back = reverse ? target.filter((one) => one.code === asked.code) : [];
      for (const one of back)
        add(REVERSED[one.equivalence] ?? one.equivalence, to, {
          code: code ?? '',
          ...(display === undefined ? {} : { display }),
        });
    }
    const { unmapped } = group;
    if (!known && !reverse && unmapped?.mode === 'fixed') add('inexact', to, unmapped);
  }
  return found;
}
