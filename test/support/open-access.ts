import { ALL_CHECKS } from '../../src/access/checks.ts';
import { compileAccess } from '../../src/access/compile-access.ts';
import { NAMED_ALONE } from '../../src/access/types-opened.ts';
import type { Identity } from '../../src/auth/identity.ts';
import { criteriaFor, readScopes } from '../../src/auth/scopes.ts';
import type { AccessRule } from '../../src/config/config.ts';
import { openDefinitions } from '../../src/fhir/definitions.ts';

/** Rules that open everything, for tests of something else than access. */
export const OPEN_RULES: readonly AccessRule[] = [
  {
    types: ['*', ...NAMED_ALONE],
    interactions: ['read', 'search', 'create', 'update', 'delete'],
    for: 'all',
    organisations: [],
    categories: [],
    elements: undefined,
    labels: ['R', 'V'],
  },
];

/** An identity for which scopes alone decide. */
export function withOpenAccess(identity: Identity): Identity {
  const scopes = readScopes(identity.scopes);
  const letters = { read: 'r', search: 's', create: 'c', update: 'u', delete: 'd' } as const;
  const access = compileAccess(
    {
      partner: { name: identity.partner, organisation: identity.organisation, kind: 'health' },
      client: { access: OPEN_RULES },
      organisation: identity.organisation,
      criteria: (type, interaction) => criteriaFor(scopes, type, letters[interaction]),
      launchPatient: identity.launchPatient,
      person: undefined,
      purpose: 'TREAT',
      openedPatient: undefined,
    },
    openDefinitions(),
    ALL_CHECKS,
  );
  return { ...identity, access };
}
