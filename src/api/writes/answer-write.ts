import type { Resource } from '@medplum/fhirtypes';
import { toOperationOutcome } from '../../fhir/outcome.ts';
import { refuse } from '../../kernel/errors.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import { type PreferredReturn, readPrefer } from '../prefer.ts';
import { resourceAnswer } from '../resource-answer.ts';
import { applyWrites } from './apply-writes.ts';
import type { PlannedWrite } from './plan-writes.ts';
import { mayRead, type WriteIntent } from './write-intent.ts';

/** One write, done and answered. */
export async function answerWrite(intent: WriteIntent, request: FhirRequest, parts: ApiParts): Promise<FhirAnswer> {
  const [written] = await applyWrites([intent], request, parts);
  if (written === undefined) throw new TypeError('a write was not planned');
  return { ...(await toAnswer(written, request, parts)), disclosed: 'written' };
}

/** A write that was done, as https://hl7.org/fhir/R4/http.html#ops has it answered. */
export async function toAnswer(
  written: PlannedWrite,
  request: FhirRequest,
  { fhirBase }: ApiParts,
): Promise<FhirAnswer> {
  const { status, stored } = written;
  if (stored === undefined) return { status, body: '', headers: {}, disclosed: 'written' };
  const answer = resourceAnswer(status, stored, { Location: locationOf(stored, fhirBase) });
  if (status === 204) {
    return { ...answer, headers: { ETag: answer.headers.ETag ?? '' } };
  }
  return { ...answer, body: await bodyOf(written, readPrefer(request.header('prefer')).return, request) };
}

async function bodyOf(
  { status, stored, intent, issues }: PlannedWrite,
  wish: PreferredReturn,
  request: FhirRequest,
): Promise<string> {
  if (wish === 'OperationOutcome') return JSON.stringify(toOperationOutcome(issues));
  // What is new is what the caller sent. What was there before holds more, and is for those who may read it.
  const mayShow = status === 201 || mayRead(request.identity, intent.type);
  if (wish !== 'representation' || !mayShow || stored === undefined) return '';
  const shown = await request.reader.show(stored, status === 201 ? intent.interaction : 'read');
  return shown?.content ?? '';
}

export function locationOf(
  { type, id, version }: { readonly type: string; readonly id: string; readonly version: number },
  fhirBase: string,
): string {
  return `${fhirBase}/${type}/${id}/_history/${version}`;
}

/** The content of a create or update: a resource of the address's type. */
export function readContent(request: FhirRequest): Resource {
  const resource = request.readBody() as Resource;
  if (resource.resourceType === request.type) return resource;
  throw refuse('resource-invalid', `The body is not a ${request.type}; send it to the address of its own type.`, {
    expression: 'resourceType',
  });
}
