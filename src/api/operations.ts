import { convertOperation } from './operations/convert.ts';
import { everythingOperation } from './operations/everything.ts';
import { matchOperation } from './operations/match.ts';
import { processMessageOperation } from './operations/process-message.ts';
import { PLAN_TYPES, sharedCarePlan } from './operations/shared-care-plan.ts';
import { translateOperation } from './operations/translate.ts';
import { validateOperation } from './operations/validate.ts';
import type { FhirRoute } from './routes.ts';

const operation = { interaction: 'operation' } as const;
const ofPath: FhirRoute['types'] = ({ type }) => [type];
const ofPlan: FhirRoute['types'] = () => PLAN_TYPES;
const ofPatient: FhirRoute['types'] = () => ['Patient'];
const ofConceptMap: FhirRoute['types'] = () => ['ConceptMap'];
const ofNothing: FhirRoute['types'] = () => [];

/**
 * Every operation there is, by the ways in which it is called. What calls it with a query alone is a GET, what sends a
 * resource is a POST.
 */
export const OPERATION_ROUTES: readonly FhirRoute[] = [
  { ...operation, method: 'GET', path: '/Patient/$shared-care-plan', types: ofPlan, run: sharedCarePlan },
  { ...operation, method: 'GET', path: '/Patient/:id/$shared-care-plan', types: ofPlan, run: sharedCarePlan },
  { ...operation, method: 'GET', path: '/Patient/:id/$everything', types: ofPatient, run: everythingOperation(false) },
  {
    ...operation,
    method: 'POST',
    path: '/Patient/:id/$everything',
    types: ofPatient,
    body: 'fhir',
    run: everythingOperation(true),
  },
  { ...operation, method: 'POST', path: '/Patient/$match', types: ofPatient, body: 'fhir', run: matchOperation },
  { ...operation, method: 'GET', path: '/ConceptMap/$translate', types: ofConceptMap, run: translateOperation(false) },
  {
    ...operation,
    method: 'POST',
    path: '/ConceptMap/$translate',
    types: ofConceptMap,
    body: 'fhir',
    run: translateOperation(true),
  },
  {
    ...operation,
    method: 'GET',
    path: '/ConceptMap/:id/$translate',
    types: ofConceptMap,
    run: translateOperation(false),
  },
  {
    ...operation,
    method: 'POST',
    path: '/ConceptMap/:id/$translate',
    types: ofConceptMap,
    body: 'fhir',
    run: translateOperation(true),
  },
  {
    ...operation,
    method: 'POST',
    path: '/:type/$validate',
    types: ofPath,
    stateless: true,
    body: 'fhir',
    run: validateOperation(true),
  },
  { ...operation, method: 'GET', path: '/:type/:id/$validate', types: ofPath, run: validateOperation(false) },
  {
    ...operation,
    method: 'POST',
    path: '/:type/:id/$validate',
    types: ofPath,
    body: 'fhir',
    run: validateOperation(true),
  },
  {
    ...operation,
    method: 'POST',
    path: '/$convert',
    types: ofNothing,
    stateless: true,
    body: 'fhir',
    run: convertOperation,
  },
  {
    ...operation,
    method: 'POST',
    path: '/$process-message',
    types: ofNothing,
    stateless: true,
    body: 'fhir',
    run: processMessageOperation,
  },
];
