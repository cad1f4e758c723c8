import { EvaluationError } from '../../fhirpath/evaluation-error.ts';
import type { Environment } from '../../fhirpath/fhirpath.ts';
import { type CodeMap, type CodeRow, codeKey } from '../codes.ts';
import { hostOf } from '../run-host.ts';
import { eachText, type KnownNames, type MappingFunction, textArgument } from './mapping-function.ts';

const ON_MISS = ['error', 'keep', 'default'] as const;
type OnMiss = (typeof ON_MISS)[number];

/** Functions that use what the mapping declares: its code maps and its entries. */
export const DECLARED_FUNCTIONS: readonly MappingFunction[] = [
  {
    name: 'translate',
    signature: "translate('map', 'error' | 'keep' | 'default') : Coding",
    sentence:
      'The Coding (system, code, display) that the code map has for a source. On a miss: an error, or the source kept as the display alone, or the map’s `*` row. A row that is `unmatched` gives nothing.',
    minArguments: 2,
    maxArguments: 2,
    check: checkTranslate,
    apply: (input, args, env) => {
      const { map, onMiss } = readArguments('translate', args, env);
      return eachText('translate', input, (text) => {
        const row = lookUp(map, text, onMiss);
        return row === undefined ? { display: text } : codingOf(row);
      });
    },
    examples: [
      {
        expression: "urgency.translate('urgency', 'error')",
        input: { urgency: 'Urgent' },
        gives: [{ system: 'http://hl7.org/fhir/request-priority', code: 'urgent', display: 'Urgent' }],
      },
      {
        expression: "urgency.translate('urgency', 'error').code",
        input: { urgency: 'Two weeks' },
        gives: { refused: 'code-unmapped' },
      },
      {
        expression: "urgency.translate('urgency', 'keep')",
        input: { urgency: 'Two weeks' },
        gives: [{ display: 'Two weeks' }],
      },
      {
        expression: "urgency.translate('urgency', 'default').code",
        input: { urgency: 'Two weeks' },
        gives: ['routine'],
      },
      { expression: "urgency.translate('urgency', 'error')", input: { urgency: 'Not stated' }, gives: [] },
    ],
  },
  {
    name: 'translateConcept',
    signature: "translateConcept('map', 'error' | 'keep' | 'default') : CodeableConcept",
    sentence:
      'As `translate`, but a CodeableConcept whose text is what the sender wrote, so that nothing of it is lost.',
    minArguments: 2,
    maxArguments: 2,
    check: checkTranslate,
    apply: (input, args, env) => {
      const { map, onMiss } = readArguments('translateConcept', args, env);
      return eachText('translateConcept', input, (text) => {
        const row = lookUp(map, text, onMiss);
        const coding = row === undefined ? undefined : codingOf(row);
        return coding === undefined ? { text } : { coding: [coding], text };
      });
    },
    examples: [
      {
        expression: "urgency.translateConcept('urgency', 'error')",
        input: { urgency: 'Urgent' },
        gives: [
          {
            coding: [{ system: 'http://hl7.org/fhir/request-priority', code: 'urgent', display: 'Urgent' }],
            text: 'Urgent',
          },
        ],
      },
      {
        expression: "urgency.translateConcept('urgency', 'keep')",
        input: { urgency: 'Two weeks' },
        gives: [{ text: 'Two weeks' }],
      },
      {
        expression: "urgency.translateConcept('urgency', 'error')",
        input: { urgency: 'Not stated' },
        gives: [{ text: 'Not stated' }],
      },
    ],
  },
  {
    name: 'ref',
    signature: "ref('name') : Reference",
    sentence:
      'A reference to another entry of the same mapping, by its name. An entry that this message does not have is an error.',
    minArguments: 1,
    maxArguments: 1,
    check: ([name], known) =>
      name === undefined || known.hasEntry(name) ? undefined : 'No entry of this mapping has this name.',
    apply: (_input, args, env) => {
      const found = findReference(textArgument('ref', args, 0), env);
      return found === undefined ? [] : [found];
    },
    bind: ([items]) => {
      const name = items?.[0];
      return typeof name === 'string' ? (env) => findReference(name, env) : undefined;
    },
    examples: [
      {
        expression: "ref('patient')",
        input: {},
        gives: [{ reference: 'urn:uuid:3d1c1d4a-0000-8000-8000-000000000001' }],
      },
      {
        expression: "ref('need-' & number.toString())",
        input: { number: 9 },
        gives: { refused: 'reference-unresolved' },
      },
    ],
  },
];

function findReference(name: string | undefined, env: Environment): { reference: string } | undefined {
  if (name === undefined) return undefined;
  const { references, entriesFailed, trace } = hostOf(env);
  trace?.onReference(name);
  // Names are gathered first; what is rendered meanwhile is thrown away.
  if (references === undefined) return { reference: '' };
  const reference = references.get(name);
  if (reference !== undefined) return { reference };
  if (entriesFailed) return undefined;
  throw new EvaluationError(
    'reference-unresolved',
    'This message has no entry of the name that ref() asks for. Put the reference into the same {% if %} as the entry.',
  );
}

function checkTranslate([name, onMiss]: readonly (string | undefined)[], { codes }: KnownNames): string | undefined {
  if (name === undefined || onMiss === undefined) return 'The code map and what to do on a miss are written as texts.';
  const map = codes.get(name);
  if (map === undefined)
    return `There is no code map of this name; declared are: ${[...codes.keys()].join(', ') || 'none'}.`;
  if (!(ON_MISS as readonly string[]).includes(onMiss)) return `On a miss: one of ${ON_MISS.join(', ')}.`;
  if (onMiss === 'default' && map.fallback === undefined) return 'The code map has no row * to fall back on.';
  return undefined;
}

function readArguments(
  name: string,
  args: readonly (readonly unknown[])[],
  env: Environment,
): { map: CodeMap | undefined; onMiss: OnMiss } {
  const map = hostOf(env).codes.get(textArgument(name, args, 0) ?? '');
  return { map, onMiss: textArgument(name, args, 1) as OnMiss };
}

/** The row for a source; undefined where it is to be kept as text. */
function lookUp(map: CodeMap | undefined, source: string, onMiss: OnMiss): CodeRow | undefined {
  const row = map?.rows.get(codeKey(source)) ?? (onMiss === 'default' ? map?.fallback : undefined);
  if (row !== undefined || onMiss === 'keep') return row;
  throw new EvaluationError(
    'code-unmapped',
    `The code map ${map?.name ?? ''} has no row for this value. Add one to ${map?.file ?? 'it'}.`,
  );
}

/** Undefined for a row that says that no code fits. */
function codingOf({ system, code, display }: CodeRow): Record<string, string> | undefined {
  if (code === '') return undefined;
  return { ...(system === '' ? {} : { system }), code, ...(display === '' ? {} : { display }) };
}
