import { isNhsNumber } from '../../fhir/nhs-number.ts';
import { EvaluationError } from '../../fhirpath/evaluation-error.ts';
import { eachText, type MappingFunction } from './mapping-function.ts';
import { isRoundedBySpreadsheet, isSnomedId } from './snomed-id.ts';

/** NHS numbers, postcodes, telephone numbers and SNOMED CT identifiers. */
export const IDENTIFIER_FUNCTIONS: readonly MappingFunction[] = [
  {
    name: 'nhsNumber',
    signature: 'nhsNumber() : string',
    sentence:
      'The ten digits of an NHS number. Spaces, dashes and a spreadsheet’s `.0` are taken off; modulus 11 is checked, and ten equal digits are refused.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) =>
      eachText('nhsNumber', input, (text) => {
        const digits = nhsDigits(text);
        if (isNhsNumber(digits)) return digits;
        throw new EvaluationError(
          'nhs-number-invalid',
          isDummy(digits)
            ? 'This is ten equal digits, which some systems send for a number that is not known. Map it to nothing with isDummyNhsNumber().'
            : 'This is not an NHS number: ten digits, the last of which is a check digit.',
        );
      }),
    examples: [
      { expression: 'nhs.nhsNumber()', input: { nhs: '999 000 0018' }, gives: ['9990000018'] },
      { expression: 'nhs.nhsNumber()', input: { nhs: '9990000026.0' }, gives: ['9990000026'] },
      { expression: 'nhs.nhsNumber()', input: { nhs: 9990000034 }, gives: ['9990000034'] },
      { expression: 'nhs.nhsNumber()', input: { nhs: '' }, gives: [] },
      { expression: 'nhs.nhsNumber()', input: { nhs: '9990000019' }, gives: { refused: 'nhs-number-invalid' } },
      { expression: 'nhs.nhsNumber()', input: { nhs: '9999999999' }, gives: { refused: 'nhs-number-invalid' } },
    ],
  },
  {
    name: 'isNhsNumber',
    signature: 'isNhsNumber() : boolean',
    sentence: 'Whether `nhsNumber()` would accept it, for maps that can go on without.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) => eachText('isNhsNumber', input, (text) => isNhsNumber(nhsDigits(text))),
    examples: [
      { expression: 'nhs.isNhsNumber()', input: { nhs: '999-000-0042' }, gives: [true] },
      { expression: 'nhs.isNhsNumber()', input: { nhs: 'not known' }, gives: [false] },
      { expression: 'nhs.isNhsNumber()', input: {}, gives: [] },
    ],
  },
  {
    name: 'isDummyNhsNumber',
    signature: 'isDummyNhsNumber() : boolean',
    sentence:
      'Whether it is ten equal digits: modulus 11 lets some of them pass, and systems send them for a number that is not known.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) => eachText('isDummyNhsNumber', input, (text) => isDummy(nhsDigits(text))),
    examples: [
      { expression: 'nhs.isDummyNhsNumber()', input: { nhs: '999 999 9999' }, gives: [true] },
      { expression: 'nhs.isDummyNhsNumber()', input: { nhs: '9990000042' }, gives: [false] },
      {
        expression: 'iif(nhs.isDummyNhsNumber(), {}, nhs.nhsNumber())',
        input: { nhs: '0000000000' },
        gives: [],
      },
    ],
  },
  {
    name: 'formatNhsNumber',
    signature: 'formatNhsNumber() : string',
    sentence: 'An NHS number as people read it, in groups of 3, 3 and 4 digits.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) =>
      eachText('formatNhsNumber', input, (text) => {
        const digits = nhsDigits(text);
        if (isNhsNumber(digits)) return `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}`;
        throw new EvaluationError('nhs-number-invalid', 'Only a valid NHS number can be set in groups of 3, 3 and 4.');
      }),
    examples: [
      { expression: 'nhs.formatNhsNumber()', input: { nhs: '9990000050' }, gives: ['999 000 0050'] },
      { expression: 'nhs.formatNhsNumber()', input: { nhs: '123' }, gives: { refused: 'nhs-number-invalid' } },
    ],
  },
  {
    name: 'postcode',
    signature: 'postcode() : string',
    sentence: 'A UK postcode in capitals with its one space. What has not the form of a postcode is an error.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) =>
      eachText('postcode', input, (text) => {
        const compact = text.toUpperCase().replaceAll(/\s/g, '');
        if (isPostcode(compact)) return `${compact.slice(0, -3)} ${compact.slice(-3)}`;
        throw new EvaluationError('postcode-invalid', 'This has not the form of a UK postcode.');
      }),
    examples: [
      { expression: 'postcode.postcode()', input: { postcode: 'sk1  3xe' }, gives: ['SK1 3XE'] },
      { expression: 'postcode.postcode()', input: { postcode: 'WN11AA' }, gives: ['WN1 1AA'] },
      { expression: 'postcode.postcode()', input: { postcode: 'ZZ993VZ' }, gives: ['ZZ99 3VZ'] },
      { expression: 'postcode.postcode()', input: { postcode: 'Stockport' }, gives: { refused: 'postcode-invalid' } },
    ],
  },
  {
    name: 'phone',
    signature: 'phone() : string',
    sentence:
      'A UK telephone number in its international form. What is not plainly one (another country’s, one with an extension or a note) stays as it is given, so that nobody loses a way to call.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) => eachText('phone', input, internationalNumber),
    examples: [
      { expression: 'tel.phone()', input: { tel: '(0161) 496 0123' }, gives: ['+441614960123'] },
      { expression: 'tel.phone()', input: { tel: '+44 (0)7700 900123' }, gives: ['+447700900123'] },
      { expression: 'tel.phone()', input: { tel: '0044 7700 900123' }, gives: ['+447700900123'] },
      { expression: 'tel.phone()', input: { tel: '+33 1 23 45 67 89' }, gives: ['+33 1 23 45 67 89'] },
      { expression: 'tel.phone()', input: { tel: '0161 496 0123 ext 4' }, gives: ['0161 496 0123 ext 4'] },
    ],
  },
  {
    name: 'ukPhone',
    signature: 'ukPhone() : string',
    sentence: 'As `phone`, but what is not plainly one UK number is an error.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) =>
      eachText('ukPhone', input, (text) => {
        const number = internationalNumber(text);
        if (number.startsWith('+44') && /^\+[0-9]+$/.test(number)) return number;
        throw new EvaluationError('phone-invalid', 'This is not one UK telephone number.');
      }),
    examples: [
      { expression: 'tel.ukPhone()', input: { tel: '0161 496 0123' }, gives: ['+441614960123'] },
      { expression: 'tel.ukPhone()', input: { tel: '+33 1 23 45 67 89' }, gives: { refused: 'phone-invalid' } },
      { expression: 'tel.ukPhone()', input: { tel: 'ask the daughter' }, gives: { refused: 'phone-invalid' } },
    ],
  },
  {
    name: 'snomed',
    signature: 'snomed() : string',
    sentence:
      'A SNOMED CT identifier whose check digit is right. One that a spreadsheet has rounded to 15 digits is named as such.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) =>
      eachText('snomed', input, (text) => {
        if (isSnomedId(text)) return text;
        throw new EvaluationError(
          'snomed-invalid',
          isRoundedBySpreadsheet(text)
            ? 'A spreadsheet has rounded this SNOMED CT identifier to 15 digits. Ask the sender to keep the column as text; the code cannot be guessed.'
            : 'This is not a SNOMED CT identifier: 6 to 18 digits, the last of which is a check digit.',
        );
      }),
    examples: [
      { expression: 'code.snomed()', input: { code: '871731000000106' }, gives: ['871731000000106'] },
      { expression: 'code.snomed()', input: { code: '8.71731E+14' }, gives: { refused: 'snomed-invalid' } },
      { expression: 'code.snomed()', input: { code: '871731000000100' }, gives: { refused: 'snomed-invalid' } },
      { expression: 'code.snomed()', input: { code: '306167009' }, gives: { refused: 'snomed-invalid' } },
    ],
  },
  {
    name: 'isSnomed',
    signature: 'isSnomed() : boolean',
    sentence: 'Whether `snomed()` would accept it, for maps that can keep what it says as text.',
    minArguments: 0,
    maxArguments: 0,
    apply: (input) => eachText('isSnomed', input, isSnomedId),
    examples: [
      { expression: 'code.isSnomed()', input: { code: '871731000000106' }, gives: [true] },
      { expression: 'code.isSnomed()', input: { code: '8.71731E+14' }, gives: [false] },
    ],
  },
];

function isDummy(digits: string): boolean {
  return /^([0-9])\1{9}$/.test(digits);
}

function nhsDigits(text: string): string {
  return text.replace(/\.0+$/, '').replaceAll(/[\s\u00a0-]/g, '');
}

/** BS 7666 forms: A9, A99, A9A, AA9, AA99 or AA9A, then a digit and two letters, never C, I, K, M, O or V. */
function isPostcode(compact: string): boolean {
  // ZZ99 is the NHS's own: no fixed abode, not known, and whole countries. It has letters that no real postcode has.
  if (/^ZZ99[0-9][A-Z]Z$/.test(compact)) return true;
  return /^[A-Z]{1,2}[0-9][0-9A-Z]?[0-9][ABD-HJLNP-UW-Z]{2}$/.test(compact) || compact === 'GIR0AA';
}

function internationalNumber(text: string): string {
  const compact = text.replaceAll(/[\s().-]/g, '');
  if (!/^\+?[0-9]{9,15}$/.test(compact)) return text;
  const plus = compact.startsWith('00') ? `+${compact.slice(2)}` : compact;
  const national = plus.startsWith('+44') ? plus.slice(3).replace(/^0/, '') : plus.startsWith('0') ? plus.slice(1) : '';
  // Ofcom's numbers have nine or ten digits after the zero and begin with 1, 2, 3, 5, 7, 8 or 9.
  return /^[1235789][0-9]{8,9}$/.test(national) ? `+44${national}` : text;
}
