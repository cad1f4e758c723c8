import type { Express, Router as ExpressRouter } from 'express';
import type { AuditInput } from '../audit/event.ts';
import type { Admission } from '../auth/admit.ts';
import type { TokenEndpoint } from '../auth/token-endpoint.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { Validator } from '../fhir/validate.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { Router } from '../routing/router.ts';
import type { NewAudit, Store } from '../store/store.ts';

/** What the FHIR API is made from. */
export interface ApiParts {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly validator: Validator;
  readonly indexer: ResourceIndexer;
  readonly router: Router;
  readonly admission: Admission;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly wakeDelivery: () => void;
  readonly clock: Clock;
  readonly log: Log;
  /** `http://localhost:8080/fhir`, without a slash at the end. */
  readonly fhirBase: string;
}

/** What the HTTP door mounts besides. */
export interface AppParts extends ApiParts {
  readonly tokenEndpoint: TokenEndpoint;
  /** JSON documents that anybody may read, made once. */
  readonly documents: {
    readonly capabilities: object;
    readonly smartConfiguration: object;
    readonly jwks: () => object;
  };
  readonly intake: ExpressRouter;
  /** Throws while the gateway cannot take messages. */
  readonly ready: () => Promise<void>;
  /** True from the moment the gateway has been told to stop. */
  readonly stopping: () => boolean;
}

export type App = Express;
