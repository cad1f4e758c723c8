import type { Client, Partner } from '../config/config.ts';
import type { Clock } from '../kernel/clock.ts';
import { refuse } from '../kernel/errors.ts';
import type { ClientDirectory } from './client-directory.ts';
import type { Identity } from './identity.ts';
import { allows, readScopes } from './scopes.ts';

/** What a system shows that cannot ask for tokens. */
export interface OtherProof {
  /** The header `X-Api-Key`. */
  readonly apiKey?: string | undefined;
  /** Subject of a client certificate that the TLS handshake has verified. */
  readonly certificate?: string | undefined;
}

export interface OtherDoorsParts {
  readonly clients: Pick<ClientDirectory, 'findByApiKey' | 'findByCertificate'>;
  readonly partners: ReadonlyMap<string, Partner>;
  readonly clock: Clock;
}

/** Who is asking, by an API key or a client certificate: for messages alone, whatever the client is registered for. */
export type OtherDoors = (proof: OtherProof) => Promise<Identity>;

/** `gnl_` and 256 bits in base64url. */
export const API_KEY = /^gnl_[A-Za-z0-9_-]{43}$/;

/** Throws `token-missing` or `token-invalid`. Nothing is remembered: a key that is revoked ends with the client's row. */
export function createOtherDoors({ clients, partners, clock }: OtherDoorsParts): OtherDoors {
  const findClient = async ({ apiKey, certificate }: OtherProof): Promise<Client | undefined> => {
    if (apiKey !== undefined) return API_KEY.test(apiKey) ? clients.findByApiKey(apiKey) : undefined;
    if (certificate !== undefined) return clients.findByCertificate(certificate);
    throw refuse('token-missing', 'Send a token, an API key in X-Api-Key, or a client certificate.');
  };
  return async (proof) => {
    const client = await findClient(proof);
    const partner = client === undefined ? undefined : partners.get(client.partner);
    if (client === undefined || partner === undefined) {
      throw refuse('token-invalid', 'This API key or certificate is not one of a client that is registered here.');
    }
    return {
      client: client.id,
      partner: partner.name,
      organisation: partner.organisation,
      scopes: allows(readScopes(client.scopes), { kind: 'intake' }) ? ['intake'] : [],
      tokenId: proof.apiKey === undefined ? 'certificate' : 'api-key',
      expiresAt: clock.now(),
    };
  };
}
