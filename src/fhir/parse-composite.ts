import { refuse } from '../kernel/errors.ts';
import { type ParseContext, plainText, refuseModifier } from './parse-parameter.ts';
import { parseReferenceValue } from './parse-reference.ts';
import { parseToken } from './parse-token.ts';
import { foldGiven, parseDateValue, parseNumberValue, parseQuantityValue } from './parse-values.ts';
import { componentsOf, type SearchableParameter, type SearchComponent } from './search-params.ts';
import type { PartValue, SearchFilter } from './search-request.ts';
import { splitEscaped } from './search-text.ts';

/** https://hl7.org/fhir/R4/search.html#composite: `code-value-quantity=8480-6$gt140`. */
export function parseComposite(
  parameter: SearchableParameter,
  modifier: string | undefined,
  values: readonly string[],
  context: ParseContext,
): SearchFilter {
  const { code } = parameter;
  refuseModifier(code, modifier, []);
  const components = componentsOf(parameter);
  const read = (text: string): PartValue[] => {
    const parts = splitEscaped(text, '$');
    if (parts.length !== components.length || parts.includes('')) {
      const kinds = components.map(({ type }) => type).join('$');
      throw refuse('parameter-invalid', `${code} has ${components.length} parts with $ between them: ${kinds}.`);
    }
    return components.map((component, index) => parsePart(code, component, parts[index] ?? '', context));
  };
  return { kind: 'composite', param: code, values: values.map(read) };
}

function parsePart(code: string, { type }: SearchComponent, text: string, context: ParseContext): PartValue {
  switch (type) {
    case 'token':
      return { kind: 'token', value: parseToken(code, text) };
    case 'reference':
      return { kind: 'reference', value: parseReferenceValue({ code }, undefined, text, context) };
    case 'date':
      return { kind: 'date', value: parseDateValue(code, text) };
    case 'number':
      return { kind: 'quantity', value: parseNumberValue(code, text) };
    case 'quantity':
      return { kind: 'quantity', value: parseQuantityValue(code, text) };
    case 'string':
      return { kind: 'string', value: foldGiven(code, plainText(code, text)) };
  }
}
