import type { NewAudit } from '../store.ts';
import { createRowInsert } from './insert-rows.ts';
import type { Statement } from './statement.ts';

const insertAudit = createRowInsert('audit', 'id, recorded, content, patient');

export function planAudit(audit: readonly NewAudit[]): Statement[] {
  return insertAudit(audit.map(({ id, recorded, content, patient }) => [id, recorded, content, patient]));
}
