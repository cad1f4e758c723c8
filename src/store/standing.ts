/**
 * What access tokens stand on, shared by all processes on one store: the keys that verify them, the tokens that were
 * revoked, the clients that were added or revoked while the gateway runs. A part of the store contract.
 */
export interface StandingStore {
  /** Keys that signed after `signedAfter`, tokens that are revoked and would live at `now`, and all clients here. */
  standing(at: { readonly signedAfter: string; readonly now: string }): Promise<StoredStanding>;
  /** False when a key of this `kid` was there before, in whatever state. */
  addSigningKey(key: StoredSigningKey): Promise<boolean>;
  signingKey(kid: string): Promise<StoredSigningKey | undefined>;
  /** Moves the end of a key that is in use on; false when it has ended meanwhile, which stays so. */
  prolongSigningKey(key: { readonly kid: string; readonly signsUntil: string; readonly now: string }): Promise<boolean>;
  /** Every key that would sign after `at` signs until then and no longer: its process makes itself a new one. */
  endSigningKeys(at: string): Promise<void>;
  /** Durable before it resolves. */
  revokeToken(token: { readonly tokenId: string; readonly expiresAt: string; readonly now: string }): Promise<void>;
  client(id: string): Promise<StoredClient | undefined>;
  /** Adds it or puts it in the place of the one with this id. */
  putClient(client: StoredClient): Promise<void>;
}

export interface StoredStanding {
  readonly signingKeys: readonly StoredSigningKey[];
  readonly revokedTokens: readonly string[];
  readonly clients: readonly StoredClient[];
}

export interface StoredSigningKey {
  readonly kid: string;
  /** The public key as JWK text. */
  readonly jwk: string;
  readonly createdAt: string;
  readonly signsUntil: string;
}

export interface StoredClient {
  readonly id: string;
  /** Its registration as JSON text; empty for one that the configuration holds and that was only revoked here. */
  readonly content: string;
  readonly revoked: boolean;
  readonly updatedAt: string;
}
