import type { StoredAudit } from '../store/store.ts';

/** RFC 5424 section 6.2.1: facility 13 is "log audit"; severities of what went well, of a refusal, and of a failure. */
const FACILITY = 13;
const SEVERITIES: Readonly<Record<string, number>> = { '0': 5, '4': 4, '8': 3, '12': 2 };
/** RFC 5612 keeps this enterprise number for examples; whoever ships to a collector of their own may have one. */
const STRUCTURED_DATA_ID = 'ginnel@32473';
const BYTE_ORDER_MARK = '\u{FEFF}';

export interface SyslogSender {
  readonly hostname: string;
  readonly processId: number;
}

/**
 * An audit entry as one syslog message (RFC 5424), without a line break in it: the facts and its place in the chain as
 * structured data, the AuditEvent as the message.
 */
export function formatSyslog(entry: StoredAudit, { hostname, processId }: SyslogSender): string {
  const { facts, place } = entry;
  const severity = SEVERITIES[facts?.outcome ?? '0'] ?? 5;
  const data: readonly (readonly [name: string, value: string | number | null | undefined])[] = [
    ['id', entry.id],
    ['type', facts?.type],
    ['subtype', facts?.subtype],
    ['action', facts?.action],
    ['outcome', facts?.outcome],
    ['client', facts?.client],
    ['partner', facts?.partner],
    ['patient', entry.patient],
    ['segment', place?.segment],
    ['number', place?.number],
    ['hash', place?.hash],
  ];
  const structured = data.flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [`${name}="${escapeValue(String(value))}"`],
  );
  const header = [`<${FACILITY * 8 + severity}>1`, entry.recorded, printable(hostname, 255), 'ginnel', processId];
  const kind = printable(facts?.subtype ?? facts?.type ?? '', 32);
  return `${header.join(' ')} ${kind} [${STRUCTURED_DATA_ID} ${structured.join(' ')}] ${BYTE_ORDER_MARK}${entry.content}`;
}

/** RFC 5424 section 6.3.3. */
function escapeValue(text: string): string {
  return text.replaceAll(/["\\\]]/g, (one) => `\\${one}`).replaceAll(/[\r\n]/g, ' ');
}

/** Printable US-ASCII without a space, or the nil value. */
function printable(text: string, charsMax: number): string {
  return text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, charsMax) || '-';
}
