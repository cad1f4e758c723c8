import { isJsonObject, type JsonObject, type JsonValue } from '../kernel/json.ts';
import { ODS_ORGANISATION_SYSTEM, ODS_SITE_SYSTEM } from './canonical.ts';
import { type IndexContext, readOwnReference } from './search-values.ts';

/**
 * Elements in which an organisation stands because it cares for the patient, not because it is talked about: an access
 * rule may rest on them. A consent that names who must not see a record is not among them.
 */
const ELEMENTS: Readonly<Record<string, readonly string[]>> = {
  Patient: ['generalPractitioner', 'managingOrganization'],
  CarePlan: ['author', 'contributor', 'activity.detail.performer'],
  CareTeam: ['participant.member', 'participant.onBehalfOf', 'managingOrganization'],
  ServiceRequest: ['requester', 'performer'],
  Task: ['requester', 'owner'],
  Encounter: ['serviceProvider'],
  EpisodeOfCare: ['managingOrganization', 'team'],
  Appointment: ['participant.actor'],
  Communication: ['sender', 'recipient'],
  Composition: ['author', 'custodian'],
  DocumentReference: ['author', 'custodian'],
  QuestionnaireResponse: ['author'],
};

const PATHS: ReadonlyMap<string, readonly (readonly string[])[]> = new Map(
  Object.entries(ELEMENTS).map(([type, paths]) => [type, paths.map((path) => path.split('.'))]),
);

/**
 * `Organization/x`, or `system|value` where the organisation is named by its identifier, also in a contained resource;
 * and the partner whose message brought it.
 */
export function findOrganisations(resource: JsonObject, context: IndexContext): string[] {
  const found = new Set<string>();
  const contained = Array.isArray(resource.contained) ? resource.contained.filter(isJsonObject) : [];
  const addIdentifier = (identifier: JsonValue | undefined): void => {
    if (!isJsonObject(identifier)) return;
    const { system, value } = identifier;
    if (typeof system === 'string' && typeof value === 'string') found.add(`${system}|${value}`);
  };

  for (const path of PATHS.get(String(resource.resourceType)) ?? []) {
    for (const one of readPath(resource, path)) {
      if (!isJsonObject(one)) continue;
      const { reference } = one;
      if (typeof reference === 'string') {
        const own = readOwnReference(reference, context);
        if (own?.type === 'Organization') found.add(`Organization/${own.id}`);
        const inner = contained.find((other) => reference === `#${other.id}`);
        if (inner?.resourceType === 'Organization' && Array.isArray(inner.identifier)) {
          inner.identifier.forEach(addIdentifier);
        }
      }
      if (isOrganisationIdentifier(one)) addIdentifier(one.identifier);
    }
  }
  const contributor = contributorOf(resource);
  if (contributor !== undefined) found.add(contributor);
  return [...found];
}

function isOrganisationIdentifier(reference: JsonObject): boolean {
  const { identifier, type } = reference;
  if (!isJsonObject(identifier)) return false;
  return (
    type === 'Organization' || identifier.system === ODS_ORGANISATION_SYSTEM || identifier.system === ODS_SITE_SYSTEM
  );
}

/** What stands at the end of a path, of which `step` comes next. */
function readPath(value: JsonValue, path: readonly string[], step = 0): readonly JsonValue[] {
  if (Array.isArray(value)) return value.flatMap((item) => readPath(item, path, step));
  const name = path[step];
  if (name === undefined) return [value];
  return isJsonObject(value) && value[name] !== undefined ? readPath(value[name], path, step + 1) : [];
}

function contributorOf({ meta }: JsonObject): string | undefined {
  return isJsonObject(meta) && typeof meta.source === 'string' ? contributorIn(meta.source) : undefined;
}

/** Who brought it, of a `meta.source`: `urn:ginnel:partner:heaton-practice#<message>`. */
export function contributorIn(source: string): string | undefined {
  return /^urn:ginnel:partner:[a-z0-9-]{1,63}(?=#)/.exec(source)?.[0];
}

/** What a partner is called among a patient's organisations because it has contributed to the record. */
export function contributorName(partner: string): string {
  return `urn:ginnel:partner:${partner}`;
}
