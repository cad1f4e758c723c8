import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { GinnelError, hasErrors, refuse } from '../../kernel/errors.ts';
import { LIMITS } from '../../kernel/limits.ts';
import type { ApiParts } from '../api-parts.ts';
import type { FhirAnswer, FhirRequest } from '../exchange.ts';
import type { FhirRoute } from '../routes.ts';
import { runBatch } from './batch.ts';
import { runTransaction } from './transaction.ts';

/** https://hl7.org/fhir/R4/http.html#transaction: several interactions in one request, together or each for itself. */
export function runBundle(request: FhirRequest, parts: ApiParts, routes: readonly FhirRoute[]): Promise<FhirAnswer> {
  const bundle = request.readBody() as Bundle;
  if (bundle.resourceType !== 'Bundle' || (bundle.type !== 'batch' && bundle.type !== 'transaction')) {
    throw refuse('resource-invalid', 'Post a Bundle of type batch or transaction here, anything else to its type.', {
      expression: 'Bundle.type',
    });
  }
  const entries = Array.isArray(bundle.entry) ? bundle.entry : [];
  if (entries.length > LIMITS.bundleEntriesMax) {
    throw refuse('fields-too-many', `A Bundle has at most ${LIMITS.bundleEntriesMax} entries; send it in parts.`);
  }
  // The frame alone: what an entry holds is checked with the entry, when its references are known.
  const frame = Array.isArray(bundle.entry) ? { ...bundle, entry: bundle.entry.map(withoutResource) } : bundle;
  const issues = parts.validator.validate(frame);
  if (hasErrors(issues)) throw new GinnelError(issues);
  return bundle.type === 'batch'
    ? runBatch(entries, request, parts, routes)
    : runTransaction(entries, request, parts, routes);
}

/** What is no object is told as an entry that holds nothing. */
function withoutResource(entry: BundleEntry): BundleEntry {
  const { resource: _resource, ...rest } = { ...entry };
  return rest;
}
