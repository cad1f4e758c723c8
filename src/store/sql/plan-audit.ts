import { sha256Hex } from '../../kernel/ids.ts';
import type { AuditFacts, NewAudit } from '../store.ts';
import { planFrames } from './audit-frame.ts';
import { createRowInsert } from './insert-rows.ts';
import { type Statement, sql } from './statement.ts';

/**
 * The audit's hash chain. A segment is written by one process, one commit after another, so that its order is the
 * order of its commits; several segments may grow at once. The hash of an entry covers the entry, its place and the
 * hash before it; the first of a segment follows the hash of the segment's header. Everything here is pure: who keeps
 * the head moves it on only once the commit has succeeded, so that a commit that failed leaves no gap.
 */

/** Where a segment has come to. */
export interface ChainHead {
  readonly segment: number;
  /** Entries so far, which is also the number of the last one. */
  readonly entries: number;
  readonly hash: string;
}

/** What the first hash of a segment is made over. */
export interface SegmentHeader {
  readonly number: number;
  /** Names the process and its start, for the eye. */
  readonly process: string;
  readonly openedAt: string;
  /** Where the segment before this one stood when this one was opened; 0 and empty for the first. */
  readonly previousEntry: number;
  readonly previousHash: string;
}

/** An entry as it is to stand in the table; `place` null where it is in no chain. */
export interface PlacedAudit {
  readonly audit: NewAudit;
  readonly place: { readonly segment: number; readonly number: number; readonly hash: string } | null;
}

const insertAudit = createRowInsert(
  'audit',
  'id, recorded, content, patient, segment, number, hash, type, subtype, action, outcome, client, partner, frame',
);

/** The entries, and before them the frames that they are filled into. */
export function planAudit(entries: readonly PlacedAudit[]): Statement[] {
  const rows = entries.map(({ audit, place }) => {
    const { id, recorded, patient, facts, framed } = audit;
    return [
      id,
      recorded,
      framed === undefined ? audit.content : framed.fills,
      patient,
      place?.segment ?? null,
      place?.number ?? null,
      place?.hash ?? null,
      facts?.type ?? null,
      facts?.subtype ?? null,
      facts?.action ?? null,
      facts?.outcome ?? null,
      facts?.client ?? null,
      facts?.partner ?? null,
      framed === undefined ? null : framed.frame.id,
    ];
  });
  return [...planFrames(entries.map(({ audit }) => audit)), ...insertAudit(rows)];
}

/** An event and those that tell the same of other patients. */
export function flattenAudit(audit: readonly NewAudit[]): NewAudit[] {
  return audit.flatMap((one) => (one.others === undefined ? one : [one, ...one.others]));
}

/** The entries in their places behind `head`, and the head behind them. */
export function linkAudit(
  head: ChainHead,
  audit: readonly NewAudit[],
): { readonly entries: readonly PlacedAudit[]; readonly head: ChainHead } {
  const entries: PlacedAudit[] = [];
  let { entries: number, hash } = head;
  for (const one of flattenAudit(audit)) {
    number += 1;
    hash = hashEntry(hash, head.segment, number, one);
    entries.push({ audit: one, place: { segment: head.segment, number, hash } });
  }
  return { entries, head: { segment: head.segment, entries: number, hash } };
}

/** None of the parts but the last can hold a line break, so that no two entries give the same text. */
export function hashEntry(
  previousHash: string,
  segment: number,
  number: number,
  entry: Omit<NewAudit, 'others'>,
): string {
  const { id, recorded, patient, facts, framed } = entry;
  const place = `${previousHash}\n${segment}\n${number}\n${oneLine(id)}\n${oneLine(recorded)}\n${oneLine(patient)}`;
  // The frame by its id, which is the hash of its text; whoever verifies computes that anew.
  const what = framed === undefined ? `-\n${entry.content}` : `${oneLine(framed.frame.id)}\n${framed.fills}`;
  return sha256Hex(`${place}\n${factsText(facts)}\n${what}`);
}

/** All entries of one frame have the same. */
const factsTexts = new WeakMap<AuditFacts, string>();

function factsText(facts: AuditFacts | undefined): string {
  const known = facts === undefined ? undefined : factsTexts.get(facts);
  if (known !== undefined) return known;
  const codes = [facts?.type, facts?.subtype, facts?.action, facts?.outcome, facts?.client, facts?.partner];
  const text = codes.map(oneLine).join('\n');
  if (facts !== undefined) factsTexts.set(facts, text);
  return text;
}

export function hashHeader({ number, process, openedAt, previousEntry, previousHash }: SegmentHeader): string {
  return sha256Hex(
    ['ginnel audit segment', number, oneLine(process), oneLine(openedAt), previousEntry, oneLine(previousHash)].join(
      '\n',
    ),
  );
}

/** Absent is not the same as empty, and a line break in what should have none is written out. */
function oneLine(value: string | null | undefined): string {
  if (value === null || value === undefined) return '-';
  return value.includes('\n') ? `=${JSON.stringify(value)}` : `=${value}`;
}

/** The segment that was opened last, which the next one refers to. */
export const LAST_SEGMENT: Statement = sql`SELECT number, entries, head_hash FROM audit_segment
  ORDER BY number DESC LIMIT 1`;

/** A new segment behind `previous`. Its number is a key: of two that open one at once, one has to look again. */
export function openSegment(
  previous: ChainHead | undefined,
  process: string,
  openedAt: string,
): { readonly statement: Statement; readonly head: ChainHead } {
  const header: SegmentHeader = {
    number: (previous?.segment ?? 0) + 1,
    process,
    openedAt,
    previousEntry: previous?.entries ?? 0,
    previousHash: previous?.hash ?? '',
  };
  const hash = hashHeader(header);
  const statement: Statement = {
    ...sql`INSERT INTO audit_segment (number, process, opened_at, previous_entry, previous_hash, header_hash, entries,
      head_hash) VALUES (${header.number}, ${process}, ${openedAt}, ${header.previousEntry}, ${header.previousHash},
      ${hash}, ${0}, ${hash})`,
    breach: 'segment',
  };
  return { statement, head: { segment: header.number, entries: 0, hash } };
}

/** Moves the head on. That it still stands where we left it is the proof that nobody else writes this segment. */
export function moveHead(from: ChainHead, to: ChainHead): Statement {
  return {
    ...sql`UPDATE audit_segment SET entries = ${to.entries}, head_hash = ${to.hash}
      WHERE number = ${from.segment} AND entries = ${from.entries}`,
    rows: 1,
  };
}

/** The end record of a segment: nothing is added any more. */
export function sealSegment(head: ChainHead, at: string): Statement {
  return sql`UPDATE audit_segment SET sealed_at = ${at} WHERE number = ${head.segment} AND entries = ${head.entries}`;
}
