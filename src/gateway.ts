import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { TlsOptions } from 'node:tls';
import { checkAccess } from './access/check-rules.ts';
import type { AccessChecks } from './access/checks.ts';
import type { AppParts } from './api/api-parts.ts';
import { createApp } from './api/app.ts';
import { describeCapabilities } from './api/capabilities.ts';
import { answerNotYet, cannotListen, closeHttp, createHttpServer, listenHttp } from './api/http-server.ts';
import { describeOpenApi } from './api/openapi.ts';
import { createPageLinks } from './api/search/page-links.ts';
import { type AuditInput, createAuditBuilder } from './audit/event.ts';
import { createReadAudit } from './audit/read-audit.ts';
import { type Admission, createAdmission } from './auth/admit.ts';
import { checkClients } from './auth/check-clients.ts';
import { createClientKeys } from './auth/client-keys.ts';
import { createGuard, type Guard, readOldConsents } from './auth/guard.ts';
import type { Identity } from './auth/identity.ts';
import { openSmart } from './auth/open-smart.ts';
import { createOtherDoors } from './auth/other-doors.ts';
import { prepareDemo } from './auth/prepare-demo.ts';
import { describeSmart, smartEndpoints } from './auth/smart-configuration.ts';
import { type Config, inChannel, inChannels } from './config/config.ts';
import { readTlsFiles } from './config/read-tls.ts';
import { isAddressAllowed } from './delivery/address-guard.ts';
import { checkCredentials } from './delivery/check-channels.ts';
import { createCredentials } from './delivery/credentials.ts';
import { createOutgoingHttp, type SendHttp } from './delivery/outgoing-http.ts';
import { createDeliverySender } from './delivery/send-delivery.ts';
import { createDeliveryWorker, type DeliveryWorker } from './delivery/worker.ts';
import { type Definitions, openDefinitions } from './fhir/definitions.ts';
import { createIndexer, type ResourceIndexer } from './fhir/index-resource.ts';
import { createMatcher } from './fhir/match-search.ts';
import { parseCriteria } from './fhir/parse-search.ts';
import { loadProfiles, type Profiles } from './fhir/profiles.ts';
import { createValidator, type Validator } from './fhir/validate.ts';
import { FORMATS } from './formats/formats.ts';
import { createHttpIntake } from './intake/http.ts';
import { listenMllp } from './intake/mllp.ts';
import { createMllpIntake } from './intake/mllp-intake.ts';
import { type Clock, systemClock } from './kernel/clock.ts';
import { GinnelError, hasErrors, type Issue, issue } from './kernel/errors.ts';
import { LIMITS } from './kernel/limits.ts';
import { type Log, silentLog } from './kernel/log.ts';
import { describeCodeMaps } from './mapping/concept-map.ts';
import { loadMapping } from './mapping/load-mapping.ts';
import type { InMapping, Mapping, OutMapping } from './mapping/mapping.ts';
import type { ReceivedMessage } from './message/message.ts';
import { type PipelineParts, processMessage, replayMessage } from './message/pipeline.ts';
import { createKeyedTurns, createTurns } from './message/turns.ts';
import { type CompiledRoute, createRouter, type Router } from './routing/router.ts';
import type { StoreTables } from './store/maintain/tables.ts';
import { openSqliteStore } from './store/sqlite/open-sqlite-store.ts';
import type { MessageAnswer, NewAudit, Store } from './store/store.ts';

/**
 * The composition root: the one file that knows all the parts. `openGateway` puts together what processes messages;
 * `startGateway` opens the doors and starts the worker.
 */
export interface Gateway {
  readonly store: Store;
  process(received: ReceivedMessage): Promise<MessageAnswer>;
  /** Processes a kept message again; undefined when there is none of this id. */
  replay(messageId: string): Promise<MessageAnswer | undefined>;
  close(): Promise<void>;
}

export interface RunningGateway {
  readonly baseUrl: string;
  readonly httpPort: number;
  readonly mllpPort: number;
  readonly store: Store;
  /** Resolves when no delivery is due now. */
  drain(): Promise<void>;
  /** Closes the doors, finishes what is in hand, closes the store. */
  stop(): Promise<void>;
}

/** `profiles` of this package, wherever the process was started. */
export const PROFILES_FOLDER = resolve(import.meta.dirname, '../profiles');

/** The embedded store in the data folder, or that of DATABASE_URL. The folder is there in any case, for our keys. */
export async function openStore(config: Config, log: Log = silentLog): Promise<Store> {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  if (config.database !== undefined) {
    // Read only where it is used: its library takes a tenth of the time of a start.
    const { openPostgresStore } = await import('./store/postgres/open-postgres-store.ts');
    return openPostgresStore({ url: config.database, log, migrate: config.migrates });
  }
  return openSqliteStore({ folder: config.dataFolder, log, migrate: config.migrates });
}

/** The tables of a store, by its address: `postgres://…`, or the folder of an embedded one. */
export async function openTables(address: string, { create = false } = {}): Promise<StoreTables> {
  if (/^postgres(?:ql)?:\/\//.test(address)) {
    const { openPostgresTables } = await import('./store/postgres/open-postgres-tables.ts');
    return openPostgresTables(address);
  }
  const { openSqliteTables } = await import('./store/sqlite/open-sqlite-tables.ts');
  return openSqliteTables({ folder: address, create });
}

/** Everything that a configuration names, read and compiled. Pure but for reading files. */
interface Loaded {
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly routes: readonly CompiledRoute[];
  readonly issues: readonly Issue[];
}

/** Reads everything and starts nothing: what `ginnel check` says. */
export function checkGateway(config: Config): { readonly issues: readonly Issue[]; readonly mappings: number } {
  const definitions = openDefinitions();
  loadProfiles(PROFILES_FOLDER, definitions, config.profilesFolder);
  const loaded = loadAll(config, definitions);
  return { issues: loaded.issues, mappings: loaded.mappings.size };
}

function loadAll(config: Config, definitions: Definitions): Loaded {
  const issues: Issue[] = [];
  const mappings = new Map<string, Mapping>();
  for (const partner of config.partners.values()) {
    for (const channel of partner.channels.values()) {
      const place = `${partner.name}/${channel.name}`;
      if (channel.direction === 'out' && isOwnNetwork(channel.url) && !channel.privateAddress) {
        const text = `The channel ${place} sends to a private address, which is refused unless it says privateAddress: true.`;
        issues.push(issue('config-invalid', text));
      }
      let mapping = mappings.get(channel.mapping);
      if (mapping === undefined) {
        const loaded = loadMapping(config.mappingsFolder, channel.mapping);
        issues.push(...loaded.issues);
        if (!loaded.ok) continue;
        mapping = loaded.value;
        mappings.set(channel.mapping, mapping);
      }
      if (mapping.direction !== channel.direction) {
        issues.push(
          issue('config-invalid', `The channel ${place} goes ${channel.direction}, its mapping ${mapping.direction}.`),
        );
      }
      const format = mapping.direction === 'in' ? mapping.input.format : mapping.output.format;
      if (format !== channel.format) {
        issues.push(issue('config-invalid', `The channel ${place} speaks ${channel.format}, its mapping ${format}.`));
      }
    }
  }
  const routes: CompiledRoute[] = [];
  for (const route of config.routes) {
    const parsed = parseCriteria(route.criteria, definitions);
    issues.push(...parsed.issues.map((one) => ({ ...one, mapping: route.place })));
    if (parsed.ok) routes.push({ ...route, request: parsed.value });
  }
  issues.push(...checkClients(config, definitions), ...checkAccess(config, definitions), ...checkCredentials(config));
  return { mappings, routes, issues };
}

/** Whether an address is written as one of this machine or a private network; a name elsewhere is judged when it is used. */
function isOwnNetwork(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return host === 'localhost' || (isIP(host) !== 0 && !isAddressAllowed(host, false));
}

interface Core {
  readonly config: Config;
  readonly log: Log;
  readonly clock: Clock;
  readonly store: Store;
  readonly definitions: Definitions;
  readonly profiles: Profiles;
  readonly validator: Validator;
  readonly indexer: ResourceIndexer;
  readonly router: Router;
  readonly mappings: ReadonlyMap<string, Mapping>;
  readonly buildAudit: (input: AuditInput) => NewAudit;
  readonly guard: Guard;
}

async function openCore(config: Config, log: Log, clock: Clock, checks?: AccessChecks): Promise<Core> {
  const definitions = openDefinitions();
  const profiles = loadProfiles(PROFILES_FOLDER, definitions, config.profilesFolder);
  const loaded = loadAll(config, definitions);
  if (hasErrors(loaded.issues)) throw new GinnelError(loaded.issues);
  const store = await openStore(config, log);
  await readOldConsents(store);
  const indexer = createIndexer(definitions, { baseUrl: `${config.baseUrl}/fhir` });
  const buildAudit = createAuditBuilder(config);
  return {
    config,
    log,
    clock,
    store,
    definitions,
    profiles,
    validator: createValidator({ definitions, profiles }),
    indexer,
    router: createRouter(loaded.routes, createMatcher()),
    mappings: loaded.mappings,
    buildAudit,
    guard: createGuard({ config, store, definitions, indexer, buildAudit, clock, log, checks }),
  };
}

function pipelineParts(core: Core, wakeDelivery: () => void): PipelineParts {
  return {
    ...core,
    disclosure: core.guard.disclosure,
    mapping: (name): InMapping | undefined => {
      const found = core.mappings.get(name);
      return found?.direction === 'in' ? found : undefined;
    },
    policyOf: ({ partner, channel }) => inChannel(core.config, partner, channel)?.validation ?? 'reject',
    contextOf: (received) => {
      const partner = core.config.partners.get(received.partner);
      return {
        now: new Date(received.receivedAt),
        partner: {
          name: received.partner,
          title: partner?.title ?? received.partner,
          organisation: partner?.organisation,
        },
        messageId: received.id,
      };
    },
    turns: createTurns(),
    wakeDelivery,
  };
}

/** The parts that process messages, without doors: for replay, beside a running gateway. */
export async function openGateway(config: Config, log: Log, clock: Clock = systemClock): Promise<Gateway> {
  const core = await openCore(config, log, clock);
  const pipeline = pipelineParts(core, () => {});
  return {
    store: core.store,
    process: (received) => processMessage(received, pipeline),
    replay: async (messageId) => {
      const stored = await core.store.message(messageId);
      const body = stored === undefined ? undefined : await core.store.messageBody(messageId);
      return stored === undefined || body === undefined ? undefined : replayMessage(stored, body, pipeline);
    },
    close: () => core.store.close(),
  };
}

type Verify = (authorization: string | undefined) => Promise<Identity>;

export interface StartOptions {
  readonly clock?: Clock;
  /** Makes keys for clients whose keys are `demo`. Without it such clients are refused at the start. */
  readonly demoKeys: boolean;
  /** For the tests of what stands between callers and data: a gateway in which some of it is missing. Nothing else sets it. */
  readonly mutation?: { readonly checks: AccessChecks; readonly verify: (verify: Verify) => Verify } | undefined;
  /** Puts other parts in place of some: for whoever measures what a part costs. No configuration leads here. */
  readonly replaceParts?: (parts: AppParts) => AppParts;
}

/** Opens the doors. Resolves when both listen; throws a `GinnelError` when the configuration cannot be used. */
export async function startGateway(given: Config, log: Log, options: StartOptions): Promise<RunningGateway> {
  const { tls } = given.http;
  const server = createHttpServer(LIMITS, tls === undefined ? undefined : readTlsFiles(tls));
  // The port is taken first, because addresses in tokens name it. Until the doors are open, the answer is "not yet".
  server.on('request', answerNotYet);
  const httpPort = await listenHttp(server, given.http);
  // A configured port of 0 takes a free one; addresses in tokens must name the real one.
  const config = given.http.port === 0 ? { ...given, baseUrl: given.baseUrl.replace(/:0$/, `:${httpPort}`) } : given;
  let core: Core | undefined;
  try {
    core = await openCore(config, log, options.clock ?? systemClock, options.mutation?.checks);
    return await openDoors(core, server, httpPort, options);
  } catch (fault) {
    server.close();
    await core?.store.close();
    throw fault;
  }
}

async function openDoors(core: Core, server: Server, httpPort: number, options: StartOptions): Promise<RunningGateway> {
  const { config, log, clock, store } = core;
  await prepareDemo(config, options.demoKeys);
  const outgoing = createOutgoingHttp();
  const worker = createWorker(core, outgoing.sendHttp);
  const pipeline = pipelineParts(core, () => worker.wake());
  const process = (received: ReceivedMessage): Promise<MessageAnswer> => processMessage(received, pipeline);
  const endpoints = smartEndpoints(config.baseUrl);
  const smart = openSmart({ ...core, endpoints });
  // The key is made, and a folder that cannot hold it found, before the doors open.
  await smart.keyring.signingKey();
  const { guard } = core;
  const { verify } = smart.verifier;
  const admission: Admission = createAdmission({
    verify: options.mutation?.verify(verify) ?? verify,
    openAccess: guard.openAccess({
      findClient: (id) => smart.clients.find(id),
      clientKeys: createClientKeys({ clock, log }),
      audience: endpoints.fhirBase,
    }),
    otherDoors: createOtherDoors({ clients: smart.clients, partners: config.partners, clock }),
    refusals: smart.refusals,
    clock,
  });
  const readAudit = createReadAudit({ store, mode: config.audit.reads });
  let stopping = false;
  // Made when it is first asked for: it names every search parameter of every type.
  let capabilities: string | undefined;
  const startedAt = clock.now();
  const parts: AppParts = {
    ...core,
    admission,
    readerFor: guard.readerFor,
    disclosure: guard.disclosure,
    recordRead: readAudit.record,
    fhirBase: endpoints.fhirBase,
    wakeDelivery: () => worker.wake(),
    turns: createKeyedTurns(),
    pageLinks: createPageLinks(await store.sharedSecret('page-links'), clock),
    capabilities: () => {
      capabilities ??= JSON.stringify(
        describeCapabilities(core.definitions, core.profiles, endpoints.fhirBase, startedAt),
      );
      return capabilities;
    },
    corsOrigins: config.http.origins,
    processMessage: process,
    channelsOf: (partner) => inChannels(config, partner),
    conceptMaps: describeCodeMaps(core.mappings.values()),
    tokenEndpoint: smart.tokenEndpoint,
    tokenStanding: smart.tokenStanding,
    trustedProxies: config.http.trustedProxies ?? [],
    documents: {
      openApi: describeOpenApi(config.baseUrl),
      smartConfiguration: async () =>
        describeSmart(endpoints, [...core.definitions.resourceTypes], await smart.describeLogin()),
      jwks: () => smart.keyring.jwks(),
    },
    intake: createHttpIntake({ config, admission, process, clock }),
    ready: async () => {
      if (stopping) throw new Error('stopping');
      await store.ping();
    },
    stopping: () => stopping,
  };
  const app = createApp(options.replaceParts?.(parts) ?? parts);
  const mllp = await listenMllp({
    ...config.mllp,
    secure: mllpTls(config),
    log,
    answer: createMllpIntake({ config, process, store, buildAudit: core.buildAudit, clock }),
  }).catch((fault: NodeJS.ErrnoException) => {
    outgoing.close();
    throw cannotListen(fault, config.mllp, 'MLLP_PORT');
  });
  server.off('request', answerNotYet);
  server.on('request', app);
  worker.start();
  log.info('gateway started', { port: httpPort, count: config.partners.size });
  return {
    baseUrl: config.baseUrl,
    httpPort,
    mllpPort: mllp.port,
    store,
    drain: () => worker.drain(),
    stop: async () => {
      stopping = true;
      await Promise.all([closeHttp(server), mllp.close(), worker.stop()]);
      await smart.refusals.close();
      await readAudit.close();
      outgoing.close();
      await store.close();
      log.info('gateway stopped');
    },
  };
}

function createWorker(core: Core, sendHttp: SendHttp): DeliveryWorker {
  const { config, log, clock, store } = core;
  const send = createDeliverySender({
    store: core.guard.disclosure.reader,
    judge: core.guard.disclosure.judgeDelivery,
    config,
    outMapping: (name): OutMapping | undefined => {
      const found = core.mappings.get(name);
      return found?.direction === 'out' ? found : undefined;
    },
    format: (name) => FORMATS[name],
    sendHttp,
    credentials: createCredentials({ sendHttp, clock, timeoutMs: config.delivery.timeoutMs }),
    clock,
  });
  return createDeliveryWorker({
    store,
    rules: config.delivery,
    send,
    buildAudit: ({ delivery, at, outcome }) => [
      core.buildAudit({
        kind: 'delivery',
        recorded: new Date(at),
        correlationId: delivery.correlationId,
        deliveryId: delivery.id,
        partner: delivery.partner,
        channel: delivery.channel,
        route: delivery.route,
        outcome: outcome.kind,
        // A lane is the patient's id, or a reference where there is no patient.
        patients: delivery.lane.includes('/') ? [] : [delivery.lane],
        resources: [`${delivery.resourceType}/${delivery.resourceId}/_history/${delivery.resourceVersion}`],
        issueCodes: outcome.kind === 'delivered' ? [] : outcome.issues.map(({ code }) => code),
      }),
    ],
    clock,
    random: Math.random,
    log,
  });
}

/** Where a client authority is configured, who shows no certificate of it does not come in. */
function mllpTls({ mllp: { tls } }: Config): TlsOptions | undefined {
  if (tls === undefined) return undefined;
  const mustShow = tls.clientAuthority !== undefined;
  return { ...readTlsFiles(tls), requestCert: mustShow, rejectUnauthorized: mustShow };
}
