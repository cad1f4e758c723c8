import type { RestInteraction } from '../audit/input.ts';
import type { BusinessIdentifier } from '../store/store.ts';

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
}

export type Interaction = RestInteraction | 'intake';

/** What is asked for. `types` holds every resource type whose content may leave or change. */
export type AccessNeed =
  | { readonly interaction: Exclude<Interaction, 'intake'>; readonly types: readonly string[] }
  | { readonly interaction: 'intake'; readonly partner: string };

export type Decision = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };
