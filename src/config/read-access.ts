import type { AccessRule, Client, Partner } from './config.ts';

/** A rule as it is written: what is left out has a default. */
export type AccessFile = Partial<AccessRule> & Pick<AccessRule, 'types' | 'for'>;

/** What a partner and a client say about access. */
export interface PartnerAccessFile {
  readonly kind?: Partner['kind'];
  readonly basis?: string;
  readonly labels?: readonly string[];
  readonly access?: readonly AccessFile[];
}

export interface ClientAccessFile {
  readonly access?: readonly AccessFile[];
  readonly breakGlass?: boolean;
  readonly personRequired?: boolean;
}

type PartnerAccess = Pick<Partner, 'kind' | 'basis' | 'labels' | 'access'>;
type ClientAccess = Pick<Client, 'access' | 'breakGlass' | 'personRequired'>;

export function readPartnerAccess({ kind, basis, labels, access }: PartnerAccessFile): PartnerAccess {
  return { kind: kind ?? 'other', basis, labels: labels ?? [], access: access?.map(readRule) };
}

export function readClientAccess({ access, breakGlass, personRequired }: ClientAccessFile): ClientAccess {
  return { access: access?.map(readRule), breakGlass: breakGlass === true, personRequired: personRequired === true };
}

/** A rule opens reading alone unless it says more. */
function readRule(rule: AccessFile): AccessRule {
  return {
    types: rule.types,
    interactions: rule.interactions ?? ['read', 'search'],
    for: rule.for,
    organisations: rule.organisations ?? [],
    categories: rule.categories ?? [],
    elements: rule.elements,
    labels: rule.labels ?? [],
  };
}

/** What a schema cannot see in a list of rules: where, and what is wrong. */
export function checkRules(
  rules: readonly AccessFile[],
): { readonly at: readonly (string | number)[]; readonly text: string }[] {
  return rules.flatMap((rule, index) => {
    if (rule.for === 'neighbourhood' && rule.organisations === undefined) {
      return [{ at: [index, 'for'], text: 'A neighbourhood is said by its practices or areas: organisations.' }];
    }
    if (rule.for === 'all' && rule.organisations !== undefined) {
      return [{ at: [index, 'organisations'], text: 'A rule for all names no organisations.' }];
    }
    return [];
  });
}
