import type { AuditEvent, AuditEventAgent, AuditEventEntity, CodeableConcept, Coding } from '@medplum/fhirtypes';
import { newId } from '../kernel/ids.ts';
import { LIMITS } from '../kernel/limits.ts';
import { createFrame, fillFrame, HOLES, joinFills } from '../store/sql/audit-frame.ts';
import type { AuditFacts, AuditFrame, FramedAudit, NewAudit } from '../store/store.ts';
import {
  type AuditGateway,
  clientAgent,
  gatewayAgent,
  gatewayReference,
  networkOf,
  partnerAgent,
  personAgent,
  receiverAgent,
} from './agents.ts';
import { concept, DCM, IDENTIFIERS, INTERACTIONS, SYSTEMS } from './codes.ts';
import {
  correlationEntity,
  countEntities,
  jobEntity,
  patientEntity,
  queryEntity,
  resourceEntity,
  tokenEntity,
  typeEntities,
} from './entities.ts';
import type { AccessAudit, AdminAction, AuditInput, MessageAudit, PurposeOfUse } from './input.ts';
import { profileOf } from './profiles.ts';

export type { AuditInput } from './input.ts';

/** What differs from kind to kind; the rest is the same for all. */
interface Happening {
  readonly type: Coding;
  readonly subtype: readonly Coding[];
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly outcome: '0' | '4' | '8';
  /** Codes that say why, when it did not go well. */
  readonly reasons: readonly string[];
  readonly agents: readonly AuditEventAgent[];
  readonly patients: readonly string[];
  readonly entities: readonly AuditEventEntity[];
  readonly purpose: PurposeOfUse | undefined;
  /** Who asked, by name: an application, or an operator's account. */
  readonly client?: string | undefined;
  readonly partner?: string | undefined;
}

/** What the event of an access has in common with all of one key. */
interface AccessFrame {
  readonly frame: AuditFrame;
  /** Whether the token's id is a hole of it. */
  readonly asksToken: boolean;
  readonly facts: AuditFacts;
}

/**
 * Builds AuditEvents (FHIR R4) after the patterns of IHE BALP: RESTful access, disclosure as source (110106 Export)
 * and as recipient (110107 Import), and user authentication (110114). What concerns several patients is told once for
 * each, as BALP asks: the others are in `others`, and are as many as the patients on one page of an answer at most.
 * Pure but for the new ids. Every access is an event, and those by one application differ in little: the rest is a frame,
 * which is kept once, and made once.
 */
export function createAuditBuilder(gateway: AuditGateway): (input: AuditInput) => NewAudit {
  const frames = new Map<string, AccessFrame>();
  const composeAccess = (input: AccessAudit, others?: readonly NewAudit[]): NewAudit => {
    const key = keyOf(input);
    let frame = frames.get(key);
    if (frame === undefined) {
      frame = frameOf(input, gateway);
      if (frames.size >= LIMITS.auditFramesMax) frames.clear();
      frames.set(key, frame);
    }
    return composeFramed(input, frame, others);
  };
  return (input) => {
    if (input.kind === 'message' && input.whose !== undefined && input.patients.length > 1) {
      const [own = input, ...others] = splitByPatient(input, input.whose);
      return { ...composeWhole(own, gateway), others: others.map((one) => composeWhole(one, gateway)) };
    }
    if (input.kind !== 'access') return composeWhole(input, gateway);
    if (input.whose === undefined || input.patients.length < 2) return composeAccess(input);
    const [own = input, ...others] = splitByPatient(input, input.whose);
    return composeAccess(
      own,
      others.map((one) => composeAccess(one)),
    );
  };
}

/** The event of one patient names what is in that patient's record, and what is in nobody's. */
function splitByPatient<T extends AccessAudit | MessageAudit>(input: T, whose: readonly (string | null)[]): T[] {
  return input.patients.map((patient) => ({
    ...input,
    patients: [patient],
    resources: input.resources.filter((_, at) => whose[at] === patient || whose[at] === null),
  }));
}

/** One event, for whoever builds few. */
export function buildAuditEvent(input: AuditInput, gateway: AuditGateway): NewAudit {
  return createAuditBuilder(gateway)(input);
}

/** All that the frame of an access depends on. */
function keyOf(input: AccessAudit): string {
  const { interaction, client, partner, tokenId, address, purpose, person, patients } = input;
  const who = `${client}\n${partner}\n${address ?? ''}\n${purpose ?? ''}\n${tokenId === undefined}`;
  const what = `${interaction}\n${shapeOf(input)}\n${Math.min(countEntitiesOf(input), 2)}\n${patients.length > 0}`;
  return `${what}\n${person === undefined ? '' : JSON.stringify(person)}\n${who}`;
}

/** What an access was about: one thing, which is a hole; or it may be anything, and the hole is for all of it. */
function shapeOf({ interaction, resources, queryNames }: AccessAudit): 'resource' | 'query' | 'any' {
  if (interaction === 'search') return 'query';
  return resources.length === 1 && queryNames.length === 0 ? 'resource' : 'any';
}

/** As many as `accessEntities` gives. */
function countEntitiesOf({ interaction, resources, queryNames }: AccessAudit): number {
  return interaction === 'search' ? 1 : resources.length + (queryNames.length > 0 ? 1 : 0);
}

/** Around the one thing that is asked for: what stands before and behind it in each event. */
const RESOURCE = JSON.stringify(resourceEntity('X')).split('"reference":"X"');
const QUERY = JSON.stringify(queryEntity({ types: [], queryNames: [] })).split('"query":"Pw=="');
const PATIENT = JSON.stringify(patientEntity('X')).split('X', 2);
const CORRELATION = JSON.stringify(correlationEntity('X')).split('"X"', 2);
/** As JSON writes the character that stands for a token's id until there is a hole. */
const TOKEN_MARK = '\u{1F}';
const TOKEN_HOLE = JSON.stringify(TOKEN_MARK).slice(1, -1);

function frameOf(input: AccessAudit, gateway: AuditGateway): AccessFrame {
  const shape = shapeOf(input);
  const marked = frameText(input.tokenId === undefined ? input : { ...input, tokenId: TOKEN_MARK }, shape, gateway);
  const parts = marked.text.split(TOKEN_HOLE);
  const asksToken = input.tokenId !== undefined && parts.length === 2;
  // A name that holds such a character itself: the token's id stands in the frame then.
  const { text, facts } = asksToken ? { ...marked, text: parts.join(HOLES.next) } : frameText(input, shape, gateway);
  return { frame: createFrame(text), asksToken, facts };
}

function frameText(
  input: AccessAudit,
  shape: 'resource' | 'query' | 'any',
  gateway: AuditGateway,
): { readonly text: string; readonly facts: AuditFacts } {
  const { before, after, facts } = bodyOf(input, describeHappening(input, gateway), gateway);
  const about = { resource: RESOURCE, query: QUERY, any: ['', ''] }[shape].join(HOLES.next);
  const entities = [
    ...(input.patients.length > 0 ? [PATIENT.join(HOLES.patient)] : []),
    ...(countEntitiesOf(input) === 0 ? [] : [about]),
    CORRELATION.join(HOLES.next),
  ];
  const head = `{"resourceType":"AuditEvent","id":"${HOLES.id}",${before},"recorded":"${HOLES.recorded}"`;
  return { text: `${head},${after},"entity":[${entities.join(',')}]}`, facts };
}

/** What fills an event's holes, in their order: the token's id stands among the agents, before what it was about. */
function fillsOf(input: AccessAudit, { asksToken }: AccessFrame): string {
  const fills = asksToken ? [inJson(input.tokenId ?? '')] : [];
  const shape = shapeOf(input);
  if (shape === 'resource') fills.push(`"reference":${JSON.stringify(input.resources[0])}`);
  else if (shape === 'query') fills.push(`"query":${JSON.stringify(queryEntity(input).query)}`);
  else {
    const entities = accessEntities(input);
    if (entities.length > 0) fills.push(JSON.stringify(entities).slice(1, -1));
  }
  fills.push(JSON.stringify(input.correlationId));
  return joinFills(fills);
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** An event that is kept in its two parts. Its text is made when somebody asks for it. */
class FramedEvent implements NewAudit {
  readonly id: string;
  readonly recorded: string;
  readonly patient: string | null;
  readonly facts: AuditFacts;
  readonly framed: FramedAudit;
  readonly others: readonly NewAudit[] | undefined;

  constructor(
    recorded: Date,
    facts: AuditFacts,
    framed: FramedAudit,
    patient: string | null,
    others?: readonly NewAudit[],
  ) {
    this.id = newId(recorded.getTime());
    this.recorded = recorded.toISOString();
    this.patient = patient;
    this.facts = facts;
    this.framed = framed;
    this.others = others;
  }

  get content(): string {
    return fillFrame(this.framed, this);
  }
}

function composeFramed(input: AccessAudit, frame: AccessFrame, given: readonly NewAudit[] = []): NewAudit {
  const { recorded, patients } = input;
  const framed = { frame: frame.frame, fills: fillsOf(input, frame) };
  const [first = null, ...others] = patients;
  const tell = (patient: string): NewAudit => new FramedEvent(recorded, frame.facts, framed, patient);
  const all = given.length > 0 ? given : others.map(tell);
  return new FramedEvent(recorded, frame.facts, framed, first, all.length === 0 ? undefined : all);
}

function bodyOf(
  input: AuditInput,
  happening: Happening,
  gateway: AuditGateway,
): { readonly before: string; readonly after: string; readonly facts: AuditFacts } {
  const profile = profileOf(input, { ...happening, hasPatient: happening.patients.length > 0 });
  const before: Pick<AuditEvent, 'meta' | 'type' | 'subtype' | 'action'> = {
    ...(profile === undefined ? {} : { meta: { profile: [profile] } }),
    type: happening.type,
    subtype: [...happening.subtype],
    action: happening.action,
  };
  const after: Omit<AuditEvent, 'resourceType' | 'type' | 'recorded' | 'entity'> = {
    outcome: happening.outcome,
    ...(happening.reasons.length === 0 ? {} : { outcomeDesc: happening.reasons.join(' ') }),
    ...(happening.purpose === undefined ? {} : { purposeOfEvent: [purposeConcept(happening.purpose)] }),
    agent: [...happening.agents],
    source: { observer: gatewayReference(gateway), type: [{ system: SYSTEMS.sourceType, code: '4' }] },
  };
  const facts: AuditFacts = {
    type: happening.type.code ?? null,
    subtype: happening.subtype[0]?.code ?? null,
    action: happening.action,
    outcome: happening.outcome,
    client: happening.client ?? null,
    partner: happening.partner ?? null,
  };
  return { before: JSON.stringify(before).slice(1, -1), after: JSON.stringify(after).slice(1, -1), facts };
}

function composeWhole(input: AuditInput, gateway: AuditGateway): NewAudit {
  const happening = describeHappening(input, gateway);
  const { before, after, facts } = bodyOf(input, happening, gateway);
  const at = input.recorded.toISOString();
  const about = JSON.stringify([...happening.entities, correlationEntity(input.correlationId)]).slice(1);
  const tell = (patient: string | null): NewAudit => {
    const id = newId(input.recorded.getTime());
    const whose = patient === null ? '' : `${JSON.stringify(patientEntity(patient))},`;
    const content = `{"resourceType":"AuditEvent","id":"${id}",${before},"recorded":"${at}",${after},"entity":[${whose}${about}}`;
    return { id, recorded: at, content, patient, facts };
  };
  const [first = null, ...others] = happening.patients;
  return others.length === 0 ? tell(first) : { ...tell(first), others: others.map(tell) };
}

function accessEntities(input: AccessAudit): AuditEventEntity[] {
  const isSearch = input.interaction === 'search';
  return [
    ...(isSearch ? [] : input.resources.map(resourceEntity)),
    ...(isSearch || input.queryNames.length > 0 ? [queryEntity(input)] : []),
  ];
}

function describeHappening(input: AuditInput, gateway: AuditGateway): Happening {
  switch (input.kind) {
    case 'access': {
      const { subtype, action, client, server } = INTERACTIONS[input.interaction];
      return {
        type: SYSTEMS.rest,
        subtype: [subtype],
        action,
        outcome: '0',
        reasons: [],
        agents: [
          clientAgent(client, input.client, input.address, input.tokenId, input.person === undefined),
          gatewayAgent(server, gateway),
          ...(input.person === undefined ? [] : [personAgent(input.person, 'CUD'.includes(action))]),
          partnerAgent(input.partner, gateway),
        ],
        patients: input.patients,
        client: input.client,
        partner: input.partner,
        entities: accessEntities(input),
        purpose: input.purpose ?? 'TREAT',
      };
    }
    case 'refusedAccess': {
      const { subtype, action, client, server } = INTERACTIONS[input.interaction];
      return {
        type: SYSTEMS.rest,
        subtype: [subtype],
        action,
        outcome: '4',
        reasons: input.issueCodes,
        agents: [
          clientAgent(client, input.client, input.address, input.tokenId, input.person === undefined),
          gatewayAgent(server, gateway),
          ...(input.person === undefined ? [] : [personAgent(input.person, 'CUD'.includes(action))]),
          ...(input.partner === undefined ? [] : [partnerAgent(input.partner, gateway)]),
        ],
        patients: [],
        client: input.client,
        partner: input.partner,
        entities: [...typeEntities(input.types), ...countEntities(input.count)],
        purpose: input.purpose,
      };
    }
    case 'message':
    case 'refusedMessage':
      return {
        type: DCM.import,
        subtype: [SYSTEMS.disclose],
        action: 'C',
        outcome: input.kind === 'message' ? '0' : '4',
        reasons: input.issueCodes,
        agents: [
          partnerAgent(input.partner, gateway, { role: DCM.source, requestor: true, address: input.address }),
          gatewayAgent(DCM.destination, gateway),
        ],
        partner: input.partner,
        patients: input.patients,
        entities: [
          jobEntity(IDENTIFIERS.message, input.messageId, { channel: input.channel }),
          ...input.resources.map(resourceEntity),
        ],
        purpose: input.purpose ?? 'TREAT',
      };
    case 'delivery':
      return {
        type: DCM.export,
        subtype: [SYSTEMS.disclose],
        action: 'R',
        outcome: ({ delivered: '0', retry: '4', dead: '8' } as const)[input.outcome],
        reasons: input.issueCodes,
        agents: [
          gatewayAgent(DCM.source, gateway, true),
          receiverAgent(input.partner, input, DCM.destination, gateway),
        ],
        partner: input.partner,
        patients: input.patients,
        entities: [
          jobEntity(IDENTIFIERS.delivery, input.deliveryId, { channel: input.channel, route: input.route }),
          ...input.resources.map(resourceEntity),
        ],
        purpose: input.purpose ?? 'TREAT',
      };
    case 'breakGlass':
      return {
        type: DCM.securityAlert,
        subtype: [DCM.emergencyOverride],
        action: 'E',
        outcome: '0',
        reasons: [input.reason],
        agents: [
          clientAgent(DCM.application, input.client, input.address, input.tokenId, input.person === undefined),
          gatewayAgent(DCM.destination, gateway),
          ...(input.person === undefined ? [] : [personAgent(input.person, false)]),
          partnerAgent(input.partner, gateway),
        ],
        client: input.client,
        partner: input.partner,
        patients: [],
        entities: [],
        purpose: 'BTG',
      };
    case 'token':
      return {
        type: DCM.authentication,
        subtype: [DCM.login],
        action: 'E',
        outcome: '0',
        reasons: [],
        agents: [
          clientAgent(DCM.application, input.client, input.address, undefined),
          gatewayAgent(DCM.destination, gateway),
          partnerAgent(input.partner, gateway),
        ],
        client: input.client,
        partner: input.partner,
        patients: [],
        entities: [
          {
            ...tokenEntity(input.tokenId),
            detail: input.scopes.map((scope) => ({ type: 'scope', valueString: scope })),
          },
        ],
        purpose: input.purpose,
      };
    case 'refusedToken':
      return {
        type: DCM.authentication,
        subtype: [DCM.login],
        action: 'E',
        outcome: '4',
        reasons: [input.error, input.reason],
        agents: [
          clientAgent(DCM.application, input.client, input.address, undefined),
          gatewayAgent(DCM.destination, gateway),
          ...(input.partner === undefined ? [] : [partnerAgent(input.partner, gateway)]),
        ],
        client: input.client,
        partner: input.partner,
        patients: [],
        entities: countEntities(input.count),
        purpose: input.purpose,
      };
    case 'revokedToken':
      return {
        type: DCM.authentication,
        subtype: [DCM.logout],
        action: 'E',
        outcome: '0',
        reasons: [],
        agents: [
          clientAgent(DCM.application, input.client, input.address, undefined),
          gatewayAgent(DCM.destination, gateway),
          partnerAgent(input.partner, gateway),
        ],
        client: input.client,
        partner: input.partner,
        patients: [],
        entities: [tokenEntity(input.tokenId)],
        purpose: input.purpose,
      };
    case 'admin':
      return {
        type: DCM.activity,
        subtype: [{ system: SYSTEMS.adminAction, code: input.action }],
        action: 'E',
        outcome: '0',
        reasons: [],
        agents: [
          {
            who: { type: 'Practitioner', identifier: { system: IDENTIFIERS.operator, value: input.operator } },
            requestor: true,
            ...networkOf(input.address),
          },
          gatewayAgent(DCM.destination, gateway),
          ...(input.partner === undefined ? [] : [partnerAgent(input.partner, gateway)]),
        ],
        client: input.operator,
        partner: input.partner,
        patients: input.patients,
        entities: [jobEntity(ADMIN_SUBJECTS[input.action], input.subject, {})],
        purpose: input.purpose ?? 'HSYSADMIN',
      };
  }
}

/** What kind of thing an operator's decision was about. */
const ADMIN_SUBJECTS = {
  'retry-delivery': IDENTIFIERS.delivery,
  'skip-delivery': IDENTIFIERS.delivery,
  'replay-message': IDENTIFIERS.message,
  'add-client': IDENTIFIERS.client,
  'rotate-client': IDENTIFIERS.client,
  'revoke-client': IDENTIFIERS.client,
  'rotate-keys': IDENTIFIERS.key,
  'export-audit': IDENTIFIERS.audit,
  'compact-store': IDENTIFIERS.store,
  'repair-store': IDENTIFIERS.store,
} as const satisfies Record<AdminAction, string>;

function purposeConcept(code: PurposeOfUse): CodeableConcept {
  return concept({ system: SYSTEMS.actReason, code });
}
