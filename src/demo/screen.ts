import type { FormatName } from '../formats/format.ts';
import type { Issue } from '../kernel/errors.ts';
import type { DeliveryState, MessageAnswer } from '../store/store.ts';
import type { Sample } from './day.ts';

/** The demonstration's lines: what a person reads of the day. Pure; `send-day.ts` prints them as things happen. */

const WIDTH = 100;
const INDENT = '    ';

/** How a text is set off: in colour on a terminal, not at all elsewhere. */
export type Paint = (style: keyof typeof STYLES, text: string) => string;

const STYLES = { bold: 1, dim: 2, green: 32, red: 31, yellow: 33 } as const;

/** Colours only on a terminal, and not where somebody has asked for none (https://no-color.org). */
export function createPaint(env: NodeJS.ProcessEnv, isTerminal: boolean): Paint {
  const plain = !isTerminal || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb';
  return plain ? (_, text) => text : (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m`;
}

export function headingLine(title: string, baseUrl: string, mllpPort: number, paint: Paint): string {
  return `${paint('bold', `Ginnel · ${title}`)} · FHIR ${baseUrl}/fhir · MLLP port ${mllpPort}`;
}

/** What happens now, before it does. */
export function sampleLine(number: number, sample: Sample, paint: Paint): string {
  return `${String(number).padStart(2)}  ${paint('bold', cut(sample.says, WIDTH - INDENT.length))}`;
}

const FORMAT_TITLES = {
  json: 'JSON',
  xml: 'XML',
  csv: 'CSV',
  hl7v2: 'HL7 v2',
  fhir: 'FHIR',
  'fhir-xml': 'FHIR XML',
} as const;

function titleOf(format: FormatName | undefined): string {
  return format === undefined ? 'no such channel' : FORMAT_TITLES[format];
}

/** Who sent it, in what form, through which door, and what it became. `known`: it had been received before. */
export function becameLine(
  sample: Sample,
  format: FormatName | undefined,
  answer: Pick<MessageAnswer, 'created' | 'updated'>,
  known: boolean,
  paint: Paint,
): string {
  const from = `${sample.partner}, ${titleOf(format)} over ${sample.transport.toUpperCase()}`;
  const became = known ? 'received before: the same answer, nothing new' : describeWrites(answer);
  return `${INDENT}${from} ${paint('green', '→')} ${cut(became, WIDTH - INDENT.length - from.length - 3)}`;
}

/** Where it went, in which form, and what the partner answered. */
export function wentLine(
  deliveries: readonly {
    readonly partner: string;
    readonly format: FormatName | undefined;
    readonly state: DeliveryState;
    /** HTTP status of the last attempt. */
    readonly status: number | null;
  }[],
  paint: Paint,
): string {
  if (deliveries.length === 0) return `${INDENT}${paint('dim', '→ to nobody: no route asks for it')}`;
  const texts = deliveries.map(({ partner, format, state, status }) => {
    const answer = status === null ? state : `${state}, HTTP ${status}`;
    return `${partner} (${titleOf(format)}): ${answer}`;
  });
  const each = [...Map.groupBy(texts, (text) => text)].map(([text, same]) =>
    same.length === 1 ? text : `${text} ×${same.length}`,
  );
  const style = deliveries.every(({ state }) => state === 'delivered') ? 'green' : 'yellow';
  return `${INDENT}${paint(style, '→')} ${cut(each.join('; '), WIDTH - INDENT.length - 2)}`;
}

/** Who sent it, and why it was refused: the door's answer, the code, the place, and the whole reason, wrapped. */
export function refusedLine(
  sample: Sample,
  format: FormatName | undefined,
  refusal: { readonly said: string; readonly issue: Issue | undefined; readonly reason: string | undefined },
  paint: Paint,
): string {
  const { said, issue, reason } = refusal;
  const place = issue?.at ?? issue?.expression;
  const words = [
    said,
    ...(issue === undefined ? [] : [issue.code]),
    ...(place === undefined ? [] : [`at ${place}`]),
    ...(issue?.line === undefined ? [] : [`(${issue.line}:${issue.column ?? 1})`]),
  ];
  const text = `${sample.partner}, ${titleOf(format)}: ${words.join(' ')}: ${issue?.text ?? reason ?? 'no reason given'}`;
  const [first = '', ...more] = wrap(text, WIDTH - INDENT.length - 2);
  return [`${INDENT}${paint('red', '✗')} ${first}`, ...more.map((line) => `${INDENT}  ${line}`)].join('\n');
}

/** Lines of at most `width` characters, broken at spaces. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

export interface DayTotals {
  readonly accepted: number;
  readonly refused: number;
  readonly deliveries: number;
  readonly delivered: number;
  /** Numbers of the samples that did not end as the day expects. */
  readonly unexpected: readonly number[];
  readonly durationMs: number;
}

/** The day in one line, and what to do next. */
export function closingLines(totals: DayTotals, baseUrl: string, paint: Paint): string[] {
  const counts = [
    `${totals.accepted} accepted`,
    `${totals.refused} refused`,
    `${totals.delivered} of ${totals.deliveries} deliveries made`,
    `${(totals.durationMs / 1000).toFixed(1)} s`,
  ];
  const { unexpected } = totals;
  const verdict =
    unexpected.length === 0
      ? paint('green', 'all as expected')
      : paint('red', `not as expected: ${unexpected.join(', ')}`);
  return [
    `${paint('bold', 'The day:')} ${counts.join(', ')}; ${verdict}. Go on from another terminal:`,
    '  npx ginnel token neighbourhood-viewer     an access token',
    '  npx ginnel plan 9990000018                Edith’s shared care plan',
    '  npx ginnel received stockport-council     what the council received last, in its own form',
    '  curl -H "Authorization: Bearer $(npx ginnel token neighbourhood-viewer)" \\',
    `    '${baseUrl}/fhir/Patient/$shared-care-plan?identifier=https://fhir.nhs.uk/Id/nhs-number%7C9990000018'`,
    paint('dim', 'Serving until Ctrl-C.'),
  ];
}

/** What a reader wants named first; the others are counted. */
const NAMED_TYPES = ['Patient', 'CarePlan', 'ServiceRequest', 'CareTeam', 'Encounter', 'Task'];

function describeWrites({ created, updated }: Pick<MessageAnswer, 'created' | 'updated'>): string {
  const described = [...describeReferences('new', created), ...describeReferences('changed', updated)];
  return described.length === 0 ? 'nothing new' : described.join('; ');
}

/** `new Patient …2a1c, 2 Task and 3 others`: an id by its end, because its beginning is the time. */
function describeReferences(verb: string, references: readonly string[]): string[] {
  const byType = Map.groupBy(references, (reference) => reference.split('/')[0] ?? '');
  const named = NAMED_TYPES.flatMap((type) => {
    const [first, ...more] = byType.get(type) ?? [];
    if (first === undefined) return [];
    return more.length > 0 ? [`${more.length + 1} ${type}`] : [`${type} …${(first.split('/')[1] ?? '').slice(-4)}`];
  });
  const others = references.filter((reference) => !NAMED_TYPES.includes(reference.split('/')[0] ?? '')).length;
  if (named.length === 0) return others === 0 ? [] : [`${verb} ${[...byType.keys()].join(', ')}`];
  return [`${verb} ${named.join(', ')}${others === 0 ? '' : ` and ${others} more`}`];
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}
