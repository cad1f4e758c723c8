import type { Access } from '../access/access.ts';
import type { ResourceInQuestion } from '../access/judge.ts';
import type { RestInteraction } from '../audit/input.ts';
import type { BusinessIdentifier } from '../store/store.ts';
import type { Scope } from './scopes.ts';

/** Who is asking: what a verified access token says. */
export interface Identity {
  readonly client: string;
  readonly partner: string;
  readonly organisation: BusinessIdentifier | undefined;
  /** Granted scopes in SMART v2 spelling, such as `system/CarePlan.rs`, and `intake`. */
  readonly scopes: readonly string[];
  /** The token's `jti`. */
  readonly tokenId: string;
  readonly expiresAt: Date;
  /**
   * The one patient that a user's application was launched for (SMART App Launch 2.2, Launch context): our own id of the
   * Patient. Where it is there, this identity reads and writes nothing that is another patient's, whatever its scopes say.
   */
  readonly launchPatient?: string | undefined;
  /** The person who asks through the application, where the token names one. */
  readonly person?: RequestingPerson | undefined;
  /** `scopes` as they were read once; it counts only for the very list that it was read from. */
  readonly scopesRead?: { readonly texts: readonly string[]; readonly scopes: readonly Scope[] } | undefined;
  /** What it may do, compiled by admission from its rules and scopes. Without it, nothing. */
  readonly access?: Access | undefined;
}

/** A user, as the issuer of the token knows them. For the audit; it is no patient. */
export interface RequestingPerson {
  readonly identifier: BusinessIdentifier;
  readonly name?: string | undefined;
  readonly role?: string | undefined;
}

export type Interaction = RestInteraction | 'intake';

/** What is asked for. `types` holds every resource type whose content may leave or change. */
export type AccessNeed =
  | {
      readonly interaction: Exclude<Interaction, 'intake'>;
      readonly types: readonly string[];
      /** Nothing of the store is read or changed, or what is will be decided by itself. */
      readonly stateless?: boolean | undefined;
      /** One resource that is to be given or changed; without it, whether there may be any. */
      readonly resource?: ResourceInQuestion | undefined;
    }
  | { readonly interaction: 'intake'; readonly partner: string };

/** `elements`: the only ones that may leave; undefined: all. */
export type Decision = { readonly allowed: true; readonly elements?: ReadonlySet<string> | undefined } | Denial;

export interface Denial {
  readonly allowed: false;
  readonly reason: string;
  /** Whether more scopes would help, for which the application asks, or a rule, which whoever runs the gateway adds. */
  readonly lacks?: 'scope' | 'rule' | undefined;
}
