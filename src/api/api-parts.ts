import type { ConceptMap } from '@medplum/fhirtypes';
import type { Express, Router as ExpressRouter } from 'express';
import type { Disclosure } from '../access/disclosure.ts';
import type { AuditInput } from '../audit/event.ts';
import type { Admission } from '../auth/admit.ts';
import type { Identity } from '../auth/identity.ts';
import type { CallerReader } from '../auth/reader.ts';
import type { TokenEndpoint } from '../auth/token-endpoint.ts';
import type { TokenStandingEndpoints } from '../auth/token-standing.ts';
import type { InChannel } from '../config/config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { ResourceIndexer } from '../fhir/index-resource.ts';
import type { Profiles } from '../fhir/profiles.ts';
import type { Validator } from '../fhir/validate.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Log } from '../kernel/log.ts';
import type { ReceivedMessage } from '../message/message.ts';
import type { KeyedTurns } from '../message/turns.ts';
import type { Router } from '../routing/router.ts';
import type { MessageAnswer, NewAudit, Store } from '../store/store.ts';
import type { PageLinks } from './search/page-links.ts';

/** What the FHIR API is made from. */
export interface ApiParts {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly validator: Validator;
  readonly profiles: Pick<Profiles, 'urls'>;
  readonly indexer: ResourceIndexer;
  readonly router: Router;
  readonly admission: Admission;
  /** What may go to partners of our own accord. */
  readonly disclosure: Disclosure;
  readonly readerFor: (identity: Identity) => CallerReader;
  /** The CapabilityStatement as JSON text. */
  readonly capabilities: () => string;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  /** Takes the event of an access that wrote nothing else. */
  readonly recordRead: (audit: NewAudit) => Promise<void>;
  readonly wakeDelivery: () => void;
  /** The path of a message, for those that come through the FHIR API. */
  readonly processMessage: (received: ReceivedMessage) => Promise<MessageAnswer>;
  /** Channels on which a partner sends to us. */
  readonly channelsOf: (partner: string) => readonly InChannel[];
  /** The code maps of the mappings in use. */
  readonly conceptMaps: readonly ConceptMap[];
  /** Writes of one resource, or by one condition, take turns in this process. */
  readonly turns: KeyedTurns;
  /** Addresses of further pages of a search. */
  readonly pageLinks: PageLinks;
  readonly clock: Clock;
  readonly log: Log;
  /** `http://localhost:8080/fhir`, without a slash at the end. */
  readonly fhirBase: string;
}

/** What the HTTP door mounts besides. */
export interface AppParts extends ApiParts {
  readonly tokenEndpoint: TokenEndpoint;
  readonly tokenStanding: TokenStandingEndpoints;
  /** Addresses and ranges of proxies that are believed when they say where a request comes from. */
  readonly trustedProxies: readonly string[];
  /** JSON documents that anybody may read, made once. */
  readonly documents: {
    readonly smartConfiguration: () => Promise<object>;
    readonly openApi: object;
    readonly jwks: () => Promise<object>;
  };
  readonly intake: ExpressRouter;
  /** Origins whose applications may read our answers in a browser; `*` for any. */
  readonly corsOrigins: readonly string[];
  /** Throws while the gateway cannot take messages. */
  readonly ready: () => Promise<void>;
  /** True from the moment the gateway has been told to stop. */
  readonly stopping: () => boolean;
}

export type App = Express;
