import type { AuditInput } from '../audit/event.ts';
import type { Config } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { NewAudit, Store } from '../store/store.ts';
import { createCriteriaCheck } from './check-criteria.ts';
import { type ClientDirectory, createClientDirectory } from './client-directory.ts';
import { createClientKeys } from './client-keys.ts';
import { createExternalTokens } from './external-tokens.ts';
import { createIssuerSource } from './issuer.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { createLogin } from './login.ts';
import { createRefusalAudit, type RefusalAudit } from './refusal-audit.ts';
import type { LoginDescription, SmartEndpoints } from './smart-configuration.ts';
import { createStanding, type Standing } from './standing.ts';
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts';
import { createTokenStandingEndpoints, type TokenStandingEndpoints } from './token-standing.ts';
import { createTokenVerifier, type TokenVerifier } from './verify-token.ts';

/** Everything of SMART that the doors need. */
export interface Smart {
  readonly standing: Standing;
  readonly keyring: Keyring;
  readonly clients: ClientDirectory;
  readonly verifier: TokenVerifier;
  readonly refusals: RefusalAudit;
  readonly tokenEndpoint: TokenEndpoint;
  readonly tokenStanding: TokenStandingEndpoints;
  /** Where users log in; undefined where they do not, or while the issuer cannot be asked. */
  readonly describeLogin: () => Promise<LoginDescription | undefined>;
}

export interface SmartParts {
  readonly config: Pick<Config, 'clients' | 'partners' | 'issuers' | 'dataFolder' | 'refusals'>;
  readonly endpoints: SmartEndpoints;
  readonly store: Store;
  readonly definitions: Definitions;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly clock: Clock;
  readonly log: Log;
}

export function openSmart({ config, ...parts }: SmartParts): Smart {
  const { clock, log, store, endpoints } = parts;
  const standing = createStanding({ store, clock });
  const keyring = createKeyring({ dataFolder: config.dataFolder, store, standing, clock, log });
  const clients = createClientDirectory({ configured: config.clients, standing });
  const rules = config.refusals;
  const refusals = createRefusalAudit({
    ...parts,
    rules: rules === undefined ? undefined : { burst: rules.burst, refillMs: 1000 / rules.perSecond },
  });
  const issuers = [...config.issuers.values()].map((issuer) => ({
    config: issuer,
    source: createIssuerSource(issuer, { clock, log }),
  }));
  const external = createExternalTokens({
    issuers,
    partners: config.partners,
    fhirBase: endpoints.fhirBase,
    clock,
  });
  const verifier = createTokenVerifier({
    keyring,
    standing,
    endpoints,
    clients,
    partners: config.partners,
    clock,
    external,
  });
  const login = issuers.find((issuer) => issuer.config.login);
  const shared = { ...parts, clients, clientKeys: createClientKeys({ clock, log }), refusals };
  return {
    standing,
    keyring,
    clients,
    verifier,
    refusals,
    tokenEndpoint: createTokenEndpoint({
      ...shared,
      keyring,
      isCriteria: createCriteriaCheck(parts.definitions),
      login: login === undefined ? undefined : createLogin({ ...parts, ...login, external }),
    }),
    tokenStanding: createTokenStandingEndpoints({ ...shared, standing, identify: verifier.identify }),
    describeLogin: async () => {
      const description = await login?.source.describe();
      if (login === undefined || description?.authorizationUrl === undefined) return undefined;
      return { issuer: description, scopes: login.config.scopes };
    },
  };
}
