import type { AccessNeed } from '../auth/identity.ts';
import type { ApiParts } from './api-parts.ts';
import type { FhirAnswer, FhirRequest } from './exchange.ts';
import { runBundle } from './interactions/bundle.ts';
import { capabilities } from './interactions/capabilities.ts';
import { conditionalDelete, readConditionalDelete } from './interactions/conditional-delete.ts';
import { conditionalUpdate, readConditionalUpdate } from './interactions/conditional-update.ts';
import { create, readCreate } from './interactions/create.ts';
import { deleteResource, readDelete } from './interactions/delete.ts';
import { historyInstance } from './interactions/history-instance.ts';
import { historySystem } from './interactions/history-system.ts';
import { historyType } from './interactions/history-type.ts';
import { patch, readPatchIntent } from './interactions/patch.ts';
import { read } from './interactions/read.ts';
import { search } from './interactions/search.ts';
import { readUpdate, update } from './interactions/update.ts';
import { vread } from './interactions/vread.ts';
import { OPERATION_ROUTES } from './operations.ts';
import type { WriteIntent } from './writes/write-intent.ts';

/** One way in: method and path below the FHIR base, what it needs, and the function that answers. */
export interface FhirRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly interaction: Exclude<AccessNeed['interaction'], 'intake'>;
  /** Every resource type whose content may leave or change; the access decision is made on these. */
  readonly types: (request: Pick<FhirRequest, 'type'>) => readonly string[];
  /** Nothing of what the store holds leaves or changes by it, or it decides for itself: any token of ours will do. */
  readonly stateless?: boolean;
  /** What its body is; without it, a body is not read. */
  readonly body?: 'fhir' | 'patch' | 'form';
  readonly run: (request: FhirRequest, parts: ApiParts) => Promise<FhirAnswer>;
  /** A write as a value, so that it can be a part of a transaction. */
  readonly readIntent?: (request: FhirRequest, parts: ApiParts) => WriteIntent;
}

const ofPath = ({ type }: Pick<FhirRequest, 'type'>): readonly string[] => [type];
const patching = { interaction: 'patch', types: ofPath, body: 'patch', run: patch } as const;

/** Every FHIR route there is, but for the open ones (`/metadata`, `/.well-known`). First match wins. */
export const FHIR_ROUTES: readonly FhirRoute[] = [
  ...OPERATION_ROUTES,
  { method: 'GET', path: '/metadata', interaction: 'capabilities', types: () => [], run: capabilities },
  { method: 'POST', path: '/:type/_search', interaction: 'search', types: ofPath, body: 'form', run: search },
  { method: 'GET', path: '/:type/:id/_history/:version', interaction: 'vread', types: ofPath, run: vread },
  { method: 'GET', path: '/:type/:id/_history', interaction: 'history', types: ofPath, run: historyInstance },
  { method: 'GET', path: '/_history', interaction: 'history-system', types: () => [], run: historySystem },
  { method: 'GET', path: '/:type/_history', interaction: 'history-type', types: ofPath, run: historyType },
  { method: 'GET', path: '/:type/:id', interaction: 'read', types: ofPath, run: read },
  {
    method: 'PUT',
    path: '/:type/:id',
    interaction: 'update',
    types: ofPath,
    body: 'fhir',
    run: update,
    readIntent: readUpdate,
  },
  { method: 'PATCH', path: '/:type/:id', ...patching, readIntent: readPatchIntent },
  {
    method: 'DELETE',
    path: '/:type/:id',
    interaction: 'delete',
    types: ofPath,
    run: deleteResource,
    readIntent: readDelete,
  },
  { method: 'GET', path: '/:type', interaction: 'search', types: ofPath, run: search },
  {
    method: 'POST',
    path: '/:type',
    interaction: 'create',
    types: ofPath,
    body: 'fhir',
    run: create,
    readIntent: readCreate,
  },
  {
    method: 'PUT',
    path: '/:type',
    interaction: 'update',
    types: ofPath,
    body: 'fhir',
    run: conditionalUpdate,
    readIntent: readConditionalUpdate,
  },
  { method: 'PATCH', path: '/:type', ...patching, readIntent: readPatchIntent },
  {
    method: 'DELETE',
    path: '/:type',
    interaction: 'delete',
    types: ofPath,
    run: conditionalDelete,
    readIntent: readConditionalDelete,
  },
  {
    method: 'POST',
    path: '/',
    interaction: 'transaction',
    types: () => [],
    body: 'fhir',
    run: (request, parts) => runBundle(request, parts, FHIR_ROUTES),
  },
];
