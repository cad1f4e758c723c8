import { type AccessChecks, ALL_CHECKS } from '../access/checks.ts';
import { compileAccess } from '../access/compile-access.ts';
import type { AuditInput } from '../audit/event.ts';
import type { AccessInteraction, Client, Partner } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import type { NewAudit, Store } from '../store/store.ts';
import type { BreakGlass } from './break-glass.ts';
import { EXTERNAL_CLIENT } from './external-tokens.ts';
import type { AccessNeed, Identity } from './identity.ts';
import { PERSON_HEADER, type PersonParts, readPerson } from './requesting-person.ts';
import { criteriaFor, type Permission, readScopes } from './scopes.ts';

export interface AccessOpenerParts extends PersonParts {
  readonly partners: ReadonlyMap<string, Partner>;
  readonly findClient: (id: string) => Promise<Client | undefined>;
  readonly definitions: Definitions;
  readonly breakGlass: BreakGlass;
  readonly store: Pick<Store, 'commit'>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly checks?: AccessChecks | undefined;
}

/** What a request says besides its token. */
export interface AccessAsk {
  readonly need: AccessNeed;
  readonly correlationId: string;
  readonly address?: string | undefined;
  readonly header: (name: string) => string | undefined;
}

/** The identity with what it may do. Throws `person-required`, `person-invalid` or `break-glass-refused`. */
export type OpenAccess = (identity: Identity, ask: AccessAsk) => Identity | Promise<Identity>;

const PERMISSIONS: Readonly<Record<AccessInteraction, Permission>> = {
  read: 'r',
  search: 's',
  create: 'c',
  update: 'u',
  delete: 'd',
};

/** Compiled once for each identity that the token verifier remembers; an emergency is compiled for its request. */
export function createAccessOpener(parts: AccessOpenerParts): OpenAccess {
  const opened = new WeakMap<Identity, Identity>();

  const compile = (identity: Identity, client: Client | undefined, patient: string | undefined): Identity => {
    const scopes = readScopes(identity.scopes);
    const partner = parts.partners.get(identity.partner) ?? { name: identity.partner, organisation: undefined };
    const access = compileAccess(
      {
        partner,
        client: client ?? {},
        organisation: identity.organisation,
        criteria: (type, interaction) => criteriaFor(scopes, type, PERMISSIONS[interaction]),
        launchPatient: identity.launchPatient,
        person: identity.person?.identifier,
        purpose: patient === undefined ? 'TREAT' : 'BTG',
        openedPatient: patient,
      },
      parts.definitions,
      parts.checks ?? ALL_CHECKS,
    );
    return { ...identity, access, scopesRead: { texts: identity.scopes, scopes } };
  };

  const open = async (
    identity: Identity,
    ask: AccessAsk,
    { signed, isPlain }: { readonly signed: string | undefined; readonly isPlain: boolean },
  ): Promise<Identity> => {
    const client = await parts.findClient(identity.client);
    // One that has been revoked since its token was looked at; those of other issuers have no client of ours.
    if (client === undefined && !identity.client.startsWith(EXTERNAL_CLIENT)) {
      throw refuse('token-invalid', 'The application of this access token is not registered any more.');
    }
    if (client?.personRequired === true && identity.person === undefined && signed === undefined) {
      throw refuse('person-required', 'Say who asks: in the token, or in a signed X-Requesting-Practitioner.');
    }
    if (isPlain) {
      const fresh = compile(identity, client, undefined);
      opened.set(identity, fresh);
      return fresh;
    }
    if (signed !== undefined && client === undefined) {
      throw refuse('person-invalid', 'Only a registered application can sign X-Requesting-Practitioner.');
    }
    const person =
      signed === undefined || client === undefined ? identity.person : await readPerson(signed, client, parts);
    const named: Identity = person === undefined ? identity : { ...identity, person };
    const patient = await parts.breakGlass({
      client: identity.client,
      partner: identity.partner,
      mayOpen: client?.breakGlass === true,
      person: person?.identifier,
      correlationId: ask.correlationId,
      header: ask.header,
      alert: async (reason) => {
        const audit = parts.buildAudit({
          kind: 'breakGlass',
          recorded: parts.clock.now(),
          correlationId: ask.correlationId,
          address: ask.address,
          purpose: 'BTG',
          client: identity.client,
          partner: identity.partner,
          tokenId: identity.tokenId,
          person,
          reason,
        });
        await parts.store.commit({ writes: [], deliveries: [], audit: [audit] });
      },
    });
    return compile(named, client, patient);
  };

  return (identity, ask) => {
    if (ask.need.interaction === 'intake') return identity;
    const signed = ask.header(PERSON_HEADER);
    const isPlain = signed === undefined && ask.header('x-purpose-of-use') === undefined;
    // Whoever verified the token gives another identity once the registration is another.
    const known = isPlain ? opened.get(identity) : undefined;
    return known ?? open(identity, ask, { signed, isPlain });
  };
}
