import type { Resource } from '@medplum/fhirtypes';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { type Issue, issue, refuse } from '../../kernel/errors.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { StoredResource } from '../../store/store.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { readOperationInput } from './operation-input.ts';

const PARAMETERS = { resource: 'resource', mode: 'text', profile: 'text' } as const;
const MODES = ['create', 'update', 'delete', 'profile'];

/**
 * `POST [type]/$validate`, `POST|GET [type]/[id]/$validate`: whether this could be stored, without storing it
 * (https://hl7.org/fhir/R4/resource-operation-validate.html). The answer is an OperationOutcome with status 200, whatever
 * it says; without `mode`, content alone is checked.
 */
export function validateOperation(body: boolean): (request: FhirRequest, parts: ApiParts) => Promise<FhirAnswer> {
  return async (request, parts) => {
    const input = readOperationInput(request, PARAMETERS, { body });
    const { mode, profile } = input;
    if (mode !== undefined && !MODES.includes(mode)) {
      throw refuse('parameter-invalid', `mode is one of ${MODES.join(', ')}.`);
    }
    if (mode === 'profile' && profile === undefined) {
      throw refuse('parameter-invalid', 'mode=profile needs profile, the canonical of a profile.');
    }
    const stored = request.id === '' ? undefined : await request.reader.read(request.type, request.id);
    const current = stored?.deleted === true ? undefined : stored;
    const resource = input.resource ?? storedContent(request, mode, current);
    const issues = [
      ...checkMode(request, mode, input.resource, current),
      ...(resource === undefined || mode === 'delete' ? [] : checkContent(request, resource, profile, parts)),
    ];
    return {
      status: 200,
      body: JSON.stringify(toOperationOutcome(issues)),
      headers: {},
      disclosed: {
        patients: current?.patient === null || current === undefined ? [] : [current.patient],
        resources: current === undefined ? [] : [`${current.type}/${current.id}`],
        queryNames: Object.keys(input),
      },
    };
  };
}

/** Without a resource in the request, the stored one is checked. */
function storedContent(
  request: FhirRequest,
  mode: string | undefined,
  current: StoredResource | undefined,
): JsonObject | undefined {
  if (request.id === '') throw refuse('parameter-invalid', 'Send the resource that is to be checked.');
  if (mode === 'create' || mode === 'update') {
    throw refuse('parameter-invalid', `mode=${mode} needs the resource that is to be written.`);
  }
  if (current !== undefined) return JSON.parse(current.content) as JsonObject;
  if (mode === 'delete') return undefined;
  throw refuse('resource-not-found', `There is no ${request.type} with this id.`);
}

function checkContent(
  { type }: FhirRequest,
  resource: JsonObject,
  profile: string | undefined,
  { validator, profiles }: ApiParts,
): Issue[] {
  if (resource.resourceType !== type) {
    return [issue('resource-type-unknown', `This address checks resources of the type ${type}.`)];
  }
  if (profile !== undefined && !profiles.urls.includes(profile)) {
    return [
      issue('profile-unknown', 'This profile is not installed here; `ginnel profiles list` names those that are.'),
    ];
  }
  return validator.validate(resource as unknown as Resource, profile === undefined ? {} : { profiles: [profile] });
}

/** What a write of this kind would be refused for besides its content. */
function checkMode(
  { type, id }: FhirRequest,
  mode: string | undefined,
  sent: JsonObject | undefined,
  current: StoredResource | undefined,
): Issue[] {
  switch (mode) {
    case 'create':
      return id === '' ? [] : [issue('parameter-invalid', 'A create has no id in its address: ask the type.')];
    case 'update': {
      if (id === '') return [issue('parameter-invalid', 'An update has an id in its address: ask the instance.')];
      return sent?.id === id ? [] : [issue('id-mismatch', 'The id of the resource is not that of the address.')];
    }
    case 'delete':
      if (id === '') return [issue('parameter-invalid', 'A delete has an id in its address: ask the instance.')];
      return current === undefined ? [issue('resource-not-found', `There is no ${type} with this id.`)] : [];
    default:
      return [];
  }
}
