import { createFrame, HOLES, joinFills } from '../store/sql/audit-frame.ts';
import type { AuditFacts, AuditFrame } from '../store/store.ts';
import type { AuditGateway } from './agents.ts';
import { correlationEntity, patientEntity, queryEntity, resourceEntity } from './entities.ts';
import { bodyOf } from './event-body.ts';
import { accessEntities, describeHappening } from './happening.ts';
import type { AccessAudit } from './input.ts';

/**
 * The event of an access in two parts: a frame that it shares with all accesses of one key, and what fills its holes.
 * Every access is an event, and those by one application differ in little.
 */

/** What the event of an access has in common with all of one key. */
export interface AccessFrame {
  readonly frame: AuditFrame;
  /** Whether the token's id is a hole of it. */
  readonly asksToken: boolean;
  readonly facts: AuditFacts;
}

/** All that the frame of an access depends on. */
export function keyOf(input: AccessAudit): string {
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

export function frameOf(input: AccessAudit, gateway: AuditGateway): AccessFrame {
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
export function fillsOf(input: AccessAudit, { asksToken }: AccessFrame): string {
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
