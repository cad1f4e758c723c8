import { hash } from 'node:crypto';
import type { AuditFrame, FramedAudit, NewAudit } from '../store.ts';
import { createRowInsert } from './insert-rows.ts';
import type { Statement } from './statement.ts';

/**
 * What an event of the audit has in common with others is kept once, as a text with holes: an event is nine tenths the
 * same as the one before it by the same token, and what is written for a read is most of what a read costs. A frame is
 * text and never changes, so that an event reads the same for ever, whatever becomes of names and configuration.
 */

/** Stands around the name of a hole. JSON writes no such character, so that nothing in an event can be taken for it. */
const EDGE = '\u{1F}';

/** The holes for what the row of an entry has in columns of its own. */
export const HOLES = {
  id: `${EDGE}id${EDGE}`,
  recorded: `${EDGE}recorded${EDGE}`,
  patient: `${EDGE}patient${EDGE}`,
  /** For the next of the fills, which are JSON as it is to stand there. */
  next: `${EDGE}${EDGE}`,
} as const;

export function createFrame(text: string): AuditFrame {
  return { id: frameId(text), text };
}

/** All of the hash, and short: every entry names its frame. */
export function frameId(text: string): string {
  return hash('sha256', text, 'base64url');
}

export function joinFills(fills: readonly string[]): string {
  return fills.join(EDGE);
}

/** The event's JSON text. */
export function fillFrame(
  { frame, fills }: FramedAudit,
  { id, recorded, patient }: Pick<NewAudit, 'id' | 'recorded' | 'patient'>,
): string {
  const left = fills.split(EDGE);
  let next = 0;
  // Every second part is the name of a hole.
  return frame.text
    .split(EDGE)
    .map((part, index) => {
      if (index % 2 === 0) return part;
      if (part === 'id') return inJson(id);
      if (part === 'recorded') return inJson(recorded);
      if (part === 'patient') return inJson(patient ?? '');
      next += 1;
      return left[next - 1] ?? '';
    })
    .join('');
}

function inJson(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

const insertFrames = createRowInsert('audit_frame', 'id, text', { suffix: 'ON CONFLICT (id) DO NOTHING' });

/**
 * The frames of these entries, for the same transaction. What is there already costs a look: to remember it here would
 * be wrong when a database comes back without its last commits. In one order, so that no two wait for each other.
 */
export function planFrames(audit: readonly NewAudit[]): Statement[] {
  const frames = new Map<string, string>();
  for (const { framed } of audit) if (framed !== undefined) frames.set(framed.frame.id, framed.frame.text);
  return insertFrames([...frames].sort(([one], [other]) => (one < other ? -1 : 1)));
}
