import { EvaluationError } from '../../fhirpath/evaluation-error.ts';
import type { Environment } from '../../fhirpath/fhirpath.ts';
import { stableUuid } from '../../kernel/ids.ts';
import { eachText, type MappingFunction, textArgument } from './mapping-function.ts';

/** The two quotation marks by which an HL7 v2 sender says: delete what you have (HL7 2.5.1 section 2.5.3.5). */
const HL7_NULL = '""';

/** Text, ids, and saying no. */
export const TEXT_FUNCTIONS: readonly MappingFunction[] = [
  {
    name: 'given',
    signature: 'given() : collection',
    sentence: 'The items that say something: without blank text and without HL7’s `""`.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) => input.filter((item) => typeof item !== 'string' || !['', HL7_NULL].includes(item.trim())),
    examples: [
      {
        expression: 'lines.given()',
        input: { lines: ['1 Mill Lane', '', '  ', '""', 'Stockport'] },
        gives: ['1 Mill Lane', 'Stockport'],
      },
      { expression: 'note.given().exists()', input: { note: ' ' }, gives: [false] },
    ],
  },
  {
    name: 'hl7Null',
    signature: 'hl7Null() : boolean',
    sentence: 'Whether the sender asks for the value to be deleted: HL7’s `""`.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input, _args, env) => input.map((item) => isHl7Null(item, env)),
    examples: [
      { expression: 'address.hl7Null()', input: { address: { '1': '""' } }, gives: [true] },
      { expression: 'died.hl7Null()', input: { died: '""' }, gives: [true] },
      { expression: 'died.hl7Null()', input: { died: '20260302' }, gives: [false] },
      { expression: 'died.hl7Null()', input: {}, gives: [] },
    ],
  },
  {
    name: 'text',
    signature: 'text() : string',
    sentence: 'The text of an XML element, whether it has attributes beside it or not.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input, _args, env) => input.flatMap((item) => elementText(item, env)),
    examples: [
      { expression: 'need.text()', input: { need: 'Falls' }, gives: ['Falls'] },
      { expression: 'need.text()', input: { need: { '@code': 'F1', '#text': 'Falls' } }, gives: ['Falls'] },
      {
        expression: 'need.text()',
        input: { need: ['Falls', { '@code': 'S2', '#text': 'Stairs' }, { '@code': 'X' }] },
        gives: ['Falls', 'Stairs'],
      },
    ],
  },
  {
    name: 'titleCase',
    signature: 'titleCase() : string',
    sentence: 'Text in small letters with a capital at the start of each word, and after a hyphen or an apostrophe.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) => eachText('titleCase', input, titleCase),
    examples: [
      { expression: 'name.titleCase()', input: { name: "MARY-ANN O'BRIEN" }, gives: ["Mary-Ann O'Brien"] },
      { expression: 'name.titleCase()', input: { name: "st john's road" }, gives: ["St John's Road"] },
    ],
  },
  {
    name: 'stableId',
    signature: 'stableId(text, …) : string',
    sentence:
      'A UUID made from the texts: the same texts always give the same id. Empty where one of them is empty, because an id of half the facts would join strangers.',
    minArguments: 1,
    maxArguments: 8,
    apply: (_input, args) => {
      const texts = args.map((_, index) => textArgument('stableId', args, index));
      return texts.includes(undefined) ? [] : [stableUuid(JSON.stringify(texts))];
    },
    examples: [
      {
        expression: "stableId('referral', nhs) = stableId('referral', nhs)",
        input: { nhs: '9990000018' },
        gives: [true],
      },
      { expression: "stableId('a', 'b-c') = stableId('a-b', 'c')", input: {}, gives: [false] },
      { expression: "stableId('referral', nhs)", input: {}, gives: [] },
    ],
  },
  {
    name: 'refuse',
    signature: "refuse('text')",
    sentence:
      'Refuses the message with this text, which the sender is told. For `iif(…)`; whole messages are better refused by `refuse:`.',
    minArguments: 1,
    maxArguments: 1,
    check: ([text]) =>
      text === undefined ? 'The text is written in the map, so that no value can get into it.' : undefined,
    apply: (_input, args) => {
      throw new EvaluationError('mapping-refused', textArgument('refuse', args, 0) ?? '');
    },
    examples: [
      {
        expression: "iif(name.exists(), name, refuse('The patient has no name.'))",
        input: { name: 'Ada' },
        gives: ['Ada'],
      },
      {
        expression: "iif(name.exists(), name, refuse('The patient has no name.'))",
        input: {},
        gives: { refused: 'mapping-refused' },
      },
    ],
  },
];

/** `""` as a component, or as all there is in a field. */
export function isHl7Null(item: unknown, env: Environment): boolean {
  if (typeof item !== 'object' || item === null) return item === HL7_NULL;
  const [only, ...others] = Object.entries(item);
  const isNull = only !== undefined && others.length === 0 && only[0] === '1' && isHl7Null(only[1], env);
  if (isNull) env.onRead?.(item, '1');
  return isNull;
}

/** What was read is reported, as a path would: the function stands for a path to the text. */
function elementText(item: unknown, env: Environment): readonly unknown[] {
  if (typeof item !== 'object' || item === null) return [item];
  if (!Object.hasOwn(item, '#text')) return [];
  env.onRead?.(item, '#text');
  return [(item as Record<string, unknown>)['#text']];
}

function titleCase(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/(^|[\s-])(\p{L})/gu, (_match, before: string, letter: string) => before + letter.toUpperCase())
    .replaceAll(/(['’])(\p{L})(?=\p{L})/gu, (_match, before: string, letter: string) => before + letter.toUpperCase());
}
