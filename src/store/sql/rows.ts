import type { FormatName } from '../../formats/format.ts';
import type { Issue } from '../../kernel/errors.ts';
import type {
  AuditSegment,
  DeliveryAttempt,
  DeliveryState,
  MessageAnswer,
  MessageState,
  StoredAudit,
  StoredDelivery,
  StoredMessage,
  StoredResource,
} from '../store.ts';
import { fillFrame } from './audit-frame.ts';
import type { Row } from './driver.ts';
import { sql } from './statement.ts';

/** Rows of the database → values of the contract. A column of another type than expected is a fault of ours. */

export function toResource(row: Row): StoredResource {
  return {
    type: text(row, 'type'),
    id: text(row, 'id'),
    version: number(row, 'version'),
    lastUpdated: text(row, 'last_updated'),
    deleted: number(row, 'deleted') === 1,
    content: text(row, 'content'),
    patient: textOrNull(row, 'patient'),
  };
}

export function toMessage(row: Row): StoredMessage {
  return {
    id: text(row, 'id'),
    key: text(row, 'key'),
    correlationId: text(row, 'correlation_id'),
    partner: text(row, 'partner'),
    channel: text(row, 'channel'),
    format: text(row, 'format') as FormatName,
    controlId: textOrNull(row, 'control_id'),
    receivedAt: text(row, 'received_at'),
    contentHash: text(row, 'content_hash'),
    mapping: text(row, 'mapping'),
    mappingVersion: text(row, 'mapping_version'),
    state: text(row, 'state') as MessageState,
    answer: JSON.parse(text(row, 'answer')) as MessageAnswer,
    runs: number(row, 'runs'),
  };
}

export function toDelivery(row: Row): StoredDelivery {
  return {
    seq: number(row, 'seq'),
    id: text(row, 'id'),
    partner: text(row, 'partner'),
    channel: text(row, 'channel'),
    route: text(row, 'route'),
    lane: text(row, 'lane'),
    correlationId: text(row, 'correlation_id'),
    messageId: textOrNull(row, 'message_id'),
    resourceType: text(row, 'resource_type'),
    resourceId: text(row, 'resource_id'),
    resourceVersion: number(row, 'resource_version'),
    createdAt: text(row, 'created_at'),
    state: text(row, 'state') as DeliveryState,
    attempts: number(row, 'attempts'),
    nextAt: textOrNull(row, 'next_at'),
    settledAt: textOrNull(row, 'settled_at'),
    lastIssues: toIssues(row, 'last_issues'),
  };
}

export function toAttempt(row: Row): DeliveryAttempt {
  return {
    number: number(row, 'number'),
    at: text(row, 'at'),
    outcome: text(row, 'outcome') as DeliveryAttempt['outcome'],
    status: row.status === null ? null : number(row, 'status'),
    durationMs: number(row, 'duration_ms'),
    issues: toIssues(row, 'issues'),
  };
}

/** For the columns of an audit entry, with the text of its frame. */
export const AUDIT_FRAME_TEXT = sql`(SELECT text FROM audit_frame WHERE audit_frame.id = a.frame) AS frame_text`;

/** An entry's row: as it is kept, and its JSON text. What was altered behind our back is read as well as it can be. */
export function toAuditText(row: Row): Pick<StoredAudit, 'content' | 'framed'> {
  const frame = textOrNull(row, 'frame');
  if (frame === null) return { content: text(row, 'content') };
  const framed = { frame: { id: frame, text: textOrNull(row, 'frame_text') ?? '{}' }, fills: text(row, 'content') };
  const filled = { id: text(row, 'id'), recorded: text(row, 'recorded'), patient: textOrNull(row, 'patient') };
  return { content: fillFrame(framed, filled), framed };
}

export function toAudit(row: Row): StoredAudit {
  return {
    seq: number(row, 'seq'),
    id: text(row, 'id'),
    recorded: text(row, 'recorded'),
    ...toAuditText(row),
    patient: textOrNull(row, 'patient'),
    // Somebody may have changed the row behind our back, and that is to be found rather than stumbled over.
    place:
      row.segment === null || row.number === null
        ? null
        : {
            segment: number(row, 'segment'),
            number: number(row, 'number'),
            hash: textOrNull(row, 'hash') ?? '',
          },
    facts: {
      type: textOrNull(row, 'type'),
      subtype: textOrNull(row, 'subtype'),
      action: textOrNull(row, 'action'),
      outcome: textOrNull(row, 'outcome'),
      client: textOrNull(row, 'client'),
      partner: textOrNull(row, 'partner'),
    },
  };
}

export function toAuditSegment(row: Row): AuditSegment {
  return {
    number: number(row, 'number'),
    process: text(row, 'process'),
    openedAt: text(row, 'opened_at'),
    previousEntry: number(row, 'previous_entry'),
    previousHash: text(row, 'previous_hash'),
    headerHash: text(row, 'header_hash'),
    entries: number(row, 'entries'),
    headHash: text(row, 'head_hash'),
    sealedAt: textOrNull(row, 'sealed_at'),
  };
}

function toIssues(row: Row, column: string): Issue[] {
  return JSON.parse(text(row, column)) as Issue[];
}

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} is not text`);
  return value;
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

export function number(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`column ${column} is not a number`);
  return value;
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column} is not bytes`);
  return value;
}
