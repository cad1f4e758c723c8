import type { AccessInteraction, AccessRule, Client, Partner } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { contributorName } from '../fhir/organisations.ts';
import { parseCriteria } from '../fhir/parse-search.ts';
import type { SearchFilter } from '../fhir/search-request.ts';
import type { BusinessIdentifier } from '../store/store.ts';
import { type Access, type AccessPurpose, type Grant, keyOf } from './access.ts';
import type { AccessChecks } from './checks.ts';
import { DIRECTORY_TYPES, NAMED_ALONE, WRITTEN_WHEN_NAMED } from './types-opened.ts';

/** Who asks, as far as access goes. */
export interface AccessSubject {
  readonly partner: Pick<Partner, 'name' | 'organisation' | 'kind' | 'basis' | 'access'>;
  readonly client: Pick<Client, 'access'>;
  readonly organisation: BusinessIdentifier | undefined;
  /** The queries of the scopes for a type, to be joined by OR. */
  readonly criteria: (type: string, interaction: AccessInteraction) => 'all' | readonly string[];
  readonly launchPatient: string | undefined;
  /** Identifier of the person who asks. */
  readonly person: BusinessIdentifier | undefined;
  readonly purpose: AccessPurpose;
  /** The one patient that an emergency opens. */
  readonly openedPatient: string | undefined;
}

/** Confidentiality codes above normal (v3-Confidentiality): closed unless a rule opens them. */
const LABELS = ['R', 'V'] as const;

/** Compiles what a caller may do. Each type is worked out when it is first asked for, and kept. */
export function compileAccess(subject: AccessSubject, definitions: Definitions, checks: AccessChecks): Access {
  const rules = subject.client.access ?? subject.partner.access ?? [];
  // An emergency is one patient's: what it overrides for that one, it must not override for all others.
  const onlyPatient = subject.launchPatient ?? subject.openedPatient;
  const own = subject.organisation ?? subject.partner.organisation;
  const context = { subject, rules, own, definitions, checks };
  const known = new Map<AccessInteraction, Map<string, readonly Grant[]>>();
  const grants = (type: string, interaction: AccessInteraction): readonly Grant[] => {
    const found = known.get(interaction)?.get(type);
    if (found !== undefined) return found;
    const compiled = compileGrants(type, interaction, context);
    // What is asked for may be a part of somebody's text: only what is a type is kept, and by its own name.
    const name = [...definitions.resourceTypes].find((one) => one === type);
    if (name !== undefined) known.set(interaction, (known.get(interaction) ?? new Map()).set(name, compiled));
    return compiled;
  };
  const organisations = new Map<string, BusinessIdentifier>();
  for (const one of [...(own === undefined ? [] : [own]), ...rules.flatMap((rule) => rule.organisations)]) {
    organisations.set(keyOf(one), one);
  }
  return {
    partner: subject.partner.name,
    checks,
    purpose: subject.purpose,
    launchPatient: checks.has('launch') ? onlyPatient : undefined,
    consentNeeded: needsConsent(subject.partner),
    actors: subject.person === undefined ? [] : [keyOf(subject.person)],
    organisations: [...organisations.values()],
    own,
    asksRelationships: rules.some((rule) => rule.for !== 'all'),
    grants,
    mayLift: (type) =>
      rules.some(
        (rule) => opens(rule, type, 'update', subject.partner) && LABELS.every((label) => rule.labels.includes(label)),
      ),
    isOpen: (type, interaction) =>
      onlyPatient === undefined && grants(type, interaction).some((grant) => grant.isCleared && isWhole(grant)),
  };
}

interface Context {
  readonly subject: AccessSubject;
  readonly rules: readonly AccessRule[];
  readonly own: BusinessIdentifier | undefined;
  readonly definitions: Definitions;
  readonly checks: AccessChecks;
}

function compileGrants(type: string, interaction: AccessInteraction, context: Context): Grant[] {
  const { subject, checks } = context;
  const criteria = checks.has('scope') && checks.has('criteria') ? subject.criteria(type, interaction) : 'all';
  const queries = criteria === 'all' ? [[]] : criteria.flatMap((query) => readFilters(type, query, context));
  if (!checks.has('rule')) return queries.map((filters) => ({ ...WIDE_OPEN, filters }));
  return context.rules
    .filter((rule) => opens(rule, type, interaction, subject.partner))
    .flatMap((rule) => grantsOf(rule, type, interaction, context))
    .flatMap((grant) => queries.map((filters) => ({ ...grant, filters: [...grant.filters, ...filters] })));
}

function isWhole({ whose, filters, elements, hiddenLabels }: Grant): boolean {
  return whose === 'anyone' && filters.length === 0 && elements === undefined && hiddenLabels.length === 0;
}

/** What is left of a rule when no rule is asked. */
const WIDE_OPEN: Grant = {
  whose: 'anyone',
  organisations: [],
  names: [],
  patient: undefined,
  filters: [],
  elements: undefined,
  hiddenLabels: [],
  isCleared: true,
};

function opens(
  rule: AccessRule,
  type: string,
  interaction: AccessInteraction,
  partner: AccessSubject['partner'],
): boolean {
  if (!rule.interactions.includes(interaction)) return false;
  if (rule.types.includes(type)) return true;
  if (!rule.types.includes('*') || NAMED_ALONE.has(type)) return false;
  const isReading = interaction === 'read' || interaction === 'search';
  return isReading || !WRITTEN_WHEN_NAMED.has(type) || (rule.for === 'all' && !needsConsent(partner));
}

/** Without a Consent that permits it, or another basis, those outside health have nothing of a patient. */
function needsConsent({ kind = 'other', basis }: AccessSubject['partner']): boolean {
  return kind !== 'health' && basis === undefined;
}

function grantsOf(rule: AccessRule, type: string, interaction: AccessInteraction, context: Context): Grant[] {
  const { subject, own, checks } = context;
  const hiddenLabels =
    type === 'Patient' || !checks.has('label') ? [] : LABELS.filter((one) => !rule.labels.includes(one));
  const categories = checks.has('category') ? rule.categories : [];
  const filters: SearchFilter[] =
    categories.length === 0 ? [] : [{ kind: 'token', param: 'category', not: false, values: categories.map(readCode) }];
  const elements = rule.elements === undefined || !checks.has('element-kept-back') ? undefined : new Set(rule.elements);
  const isCleared = LABELS.every((label) => rule.labels.includes(label));
  const basis = { ...WIDE_OPEN, filters, elements, hiddenLabels, isCleared };
  // What is in no patient's record is not whose: a rule for the type opens it, for reading and for writing.
  const directory: Grant[] = DIRECTORY_TYPES.has(type) ? [{ ...basis, whose: 'directory' }] : [];
  if (rule.for === 'all') return [basis];
  if (rule.for === 'neighbourhood') {
    if (!checks.has('neighbourhood')) return [basis];
    return [...directory, { ...basis, whose: 'neighbourhood', organisations: rule.organisations }];
  }
  if (!checks.has('relationship')) return [basis];
  const organisations = [...(own === undefined ? [] : [own]), ...rule.organisations];
  const related: Grant = {
    ...basis,
    whose: 'related',
    organisations,
    names: [contributorName(subject.partner.name)],
  };
  // An emergency opens a record for reading; nobody becomes its author by it.
  const opened: Grant[] =
    subject.openedPatient === undefined || (interaction !== 'read' && interaction !== 'search')
      ? []
      : [{ ...basis, whose: 'opened', patient: subject.openedPatient }];
  return [...directory, related, ...opened];
}

/** A query that cannot be read opens nothing. */
function readFilters(type: string, query: string, { definitions }: Context): (readonly SearchFilter[])[] {
  const parsed = parseCriteria(`${type}?${query}`, definitions);
  return parsed.ok ? [parsed.value.filters] : [];
}

function readCode(text: string): { system: string; code: string } {
  const bar = text.indexOf('|');
  return { system: text.slice(0, bar), code: text.slice(bar + 1) };
}
