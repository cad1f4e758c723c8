import type { AccessClause, AccessLimits } from '../fhir/search-access.ts';
import type { SearchFilter, SearchRequest } from '../fhir/search-request.ts';
import { refuse } from '../kernel/errors.ts';
import { type Access, actorsOf, type Grant, keyOf, namesOf, type OrganisationNames } from './access.ts';
import { consentLimits } from './consents.ts';
import { DIRECTORY_TARGETS, type ElementsOf, findsWhereabouts } from './searched-elements.ts';
import { DIRECTORY_TYPES } from './types-opened.ts';

export interface Narrowing {
  readonly access: Access;
  readonly names: OrganisationNames;
  readonly now: Date;
  readonly elementsOf: ElementsOf;
}

/**
 * A search that finds what the caller may see and nothing else, whatever it asks by: each type that it looks into is
 * held to the caller's grants where the rows are. Throws `access-denied` for a search by elements that are kept back.
 */
export function narrowSearch(request: SearchRequest, narrowing: Narrowing): SearchRequest {
  const { filters, params, isWhereabouts } = narrowFilters(request.type, request.filters, narrowing);
  const sorted = request.sort.map(({ param }) => param);
  const access = limitsOf(
    request.type,
    [...params, ...sorted],
    isWhereabouts || sorted.some((param) => asksWhereabouts(request.type, param, narrowing)),
    narrowing,
  );
  if (!narrowing.access.checks.has('search-narrowed')) {
    // What is searched for is checked all the same; only the narrowing is left out.
    return { ...request, filters };
  }
  return { ...request, filters, access };
}

interface Narrowed {
  readonly filters: readonly SearchFilter[];
  /** Parameters of this type that are asked by. */
  readonly params: readonly string[];
  readonly isWhereabouts: boolean;
}

function narrowFilters(type: string, filters: readonly SearchFilter[], narrowing: Narrowing): Narrowed {
  const params: string[] = [];
  let isWhereabouts = false;
  const narrowed = filters.map((filter): SearchFilter => {
    switch (filter.kind) {
      case 'id':
      case 'lastUpdated':
        return filter;
      case 'any': {
        const inner = narrowFilters(type, filter.filters, narrowing);
        params.push(...inner.params);
        isWhereabouts ||= inner.isWhereabouts;
        return { ...filter, filters: inner.filters };
      }
      case 'chain': {
        const { targetType, param } = filter;
        params.push(param);
        isWhereabouts ||= asksWhereabouts(type, param, narrowing) && !isOwnChain(filter.filter, narrowing);
        return { ...filter, ...narrowOther(targetType, filter.filter, [], narrowing) };
      }
      case 'has': {
        return { ...filter, ...narrowOther(filter.source, filter.filter, [filter.param], narrowing) };
      }
      case 'reference':
        params.push(filter.param);
        isWhereabouts ||=
          asksWhereabouts(type, filter.param, narrowing) && !isOwn(filter, narrowing) && !isElsewhere(filter);
        return filter;
      default:
        params.push(filter.param);
        isWhereabouts ||= asksWhereabouts(type, filter.param, narrowing) || asksWords(filter, narrowing);
        return filter;
    }
  });
  return { filters: narrowed, params, isWhereabouts };
}

/** A filter on another type, with what the caller may find of that. */
function narrowOther(
  type: string,
  filter: SearchFilter,
  by: readonly string[],
  narrowing: Narrowing,
): { readonly filter: SearchFilter; readonly access: AccessLimits | undefined } {
  const inner = narrowFilters(type, [filter], narrowing);
  const isWhereabouts = inner.isWhereabouts || by.some((param) => asksWhereabouts(type, param, narrowing));
  const access = limitsOf(type, [...by, ...inner.params], isWhereabouts, narrowing);
  const [narrowed = filter] = inner.filters;
  return { filter: narrowed, access: narrowing.access.checks.has('chain-narrowed') ? access : undefined };
}

/**
 * Where a restricted patient lives could be told by what finds him: his own address, his practice in what is about him,
 * or a text, in which somebody may have written either.
 */
function asksWhereabouts(type: string, param: string, { access, elementsOf }: Narrowing): boolean {
  if (!access.checks.has('restricted-search')) return false;
  const { isDirectory, isText } = elementsOf(type, param);
  return findsWhereabouts(type, param) || isDirectory || isText;
}

/** `code:text=`: what somebody wrote beside a code. */
function asksWords({ kind }: SearchFilter, { access }: Narrowing): boolean {
  return kind === 'text' && access.checks.has('restricted-search');
}

/** Whoever searches for what was asked of itself learns nothing new. */
function isOwn(filter: Extract<SearchFilter, { kind: 'reference' }>, { access, names }: Narrowing): boolean {
  const own = access.own === undefined ? [] : (names.get(keyOf(access.own)) ?? []);
  return filter.values.every(({ targetType, target }) =>
    own.includes(targetType === undefined ? target : `${targetType}/${target}`),
  );
}

/** What refers to a Patient, or to a part of a record: that tells nothing of practices and places. */
function isElsewhere({ values }: Extract<SearchFilter, { kind: 'reference' }>): boolean {
  return values.every(({ targetType = '' }) => targetType !== '' && !DIRECTORY_TARGETS.has(targetType));
}

function isOwnChain(filter: SearchFilter, { access }: Narrowing): boolean {
  const { own } = access;
  if (own === undefined || filter.kind !== 'token' || filter.param !== 'identifier' || filter.not) return false;
  return filter.values.every(({ system, code }) => system === own.system && code === own.value);
}

function limitsOf(
  type: string,
  params: readonly string[],
  unrestrictedOnly: boolean,
  { access, names, now, elementsOf }: Narrowing,
): AccessLimits | undefined {
  const grants = access.grants(type, 'search');
  const usable = access.checks.has('element-search')
    ? grants.filter(
        ({ elements }) => elements === undefined || params.every((param) => leaves(type, param, elements, elementsOf)),
      )
    : grants;
  if (grants.length > 0 && usable.length === 0) {
    throw refuse('access-denied', `This search asks by an element of ${type} that is not open to this application.`);
  }
  return {
    clauses: usable.map((grant) => clauseOf(grant, type, access.launchPatient, names)),
    patient: access.launchPatient,
    unrestrictedOnly,
    consent: access.checks.has('consent')
      ? consentLimits({ actors: actorsOf(access, names), purpose: access.purpose, explicit: access.consentNeeded, now })
      : undefined,
  };
}

function leaves(type: string, param: string, elements: ReadonlySet<string>, elementsOf: ElementsOf): boolean {
  return elementsOf(type, param).elements?.every((element) => elements.has(element)) === true;
}

function clauseOf(
  grant: Grant,
  type: string,
  launchPatient: string | undefined,
  names: OrganisationNames,
): AccessClause {
  const { filters, hiddenLabels } = grant;
  switch (grant.whose) {
    case 'anyone': {
      const whose = launchPatient === undefined || DIRECTORY_TYPES.has(type) ? 'anyone' : { patient: launchPatient };
      return { whose, filters, hiddenLabels };
    }
    case 'directory':
      return { whose: 'nobody', filters, hiddenLabels };
    case 'opened':
      return { whose: { patient: grant.patient ?? '' }, filters, hiddenLabels };
    case 'related':
    case 'neighbourhood': {
      const whose = { organisations: namesOf(grant, names), registered: grant.whose === 'neighbourhood' };
      return { whose, filters, hiddenLabels };
    }
  }
}
