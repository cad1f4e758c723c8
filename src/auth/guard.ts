import { type AccessChecks, ALL_CHECKS } from '../access/checks.ts';
import { createDisclosure, type Disclosure } from '../access/disclosure.ts';
import { createOrganisationNames } from '../access/organisation-names.ts';
import { createFindOthers } from '../access/others.ts';
import { createKeepBack } from '../access/restricted.ts';
import { createElementsOf } from '../access/searched-elements.ts';
import type { AuditInput } from '../audit/event.ts';
import type { Client, Config } from '../config/config.ts';
import { flattenConsent } from '../fhir/consent.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import { createMatcher } from '../fhir/match-search.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { createBreakGlass } from './break-glass.ts';
import type { ClientKeys } from './client-keys.ts';
import type { Identity } from './identity.ts';
import { createAccessOpener, type OpenAccess } from './open-access.ts';
import { type CallerReader, createReader } from './reader.ts';

export interface GuardParts {
  readonly config: Pick<Config, 'partners'>;
  readonly store: Store;
  readonly definitions: Definitions;
  readonly indexer: ResourceIndexer;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests of the checks themselves; all are made unless told. */
  readonly checks?: AccessChecks | undefined;
}

/** All that stands between a caller, or a partner, and the store. */
export interface Guard {
  readonly checks: AccessChecks;
  readonly disclosure: Disclosure;
  readonly readerFor: (identity: Identity) => CallerReader;
  /** For the doors that know who comes in. */
  openAccess(doors: {
    readonly findClient: (id: string) => Promise<Client | undefined>;
    readonly clientKeys: ClientKeys;
    readonly audience: string;
  }): OpenAccess;
}

export function createGuard(parts: GuardParts): Guard {
  const { store, clock, log, definitions, indexer } = parts;
  const { partners } = parts.config;
  const checks = parts.checks ?? ALL_CHECKS;
  const findNames = createOrganisationNames({ store, clock });
  const findOthers = createFindOthers({ store, indexer });
  const keepBack = createKeepBack({ store, partners, findOthers });
  const elementsOf = createElementsOf(definitions);
  const matches = createMatcher();
  return {
    checks,
    disclosure: createDisclosure({ store, partners, findNames, keepBack, findOthers, clock, checks }),
    readerFor: (identity) =>
      createReader(identity, { store, findNames, elementsOf, indexer, matches, keepBack, findOthers, clock }),
    openAccess: (doors) =>
      createAccessOpener({
        ...doors,
        partners,
        definitions,
        breakGlass: createBreakGlass({ store, clock, log }),
        store,
        buildAudit: parts.buildAudit,
        clock,
        checks,
      }),
  };
}

/** Reads the Consents that were stored before there were rules of them; until then each denies everything. */
export async function readOldConsents(store: Pick<Store, 'consentsUnread' | 'putConsentRules'>): Promise<void> {
  for (const stored of await store.consentsUnread()) {
    await store.putConsentRules(stored, stored.deleted ? [] : flattenConsent(JSON.parse(stored.content)));
  }
}
