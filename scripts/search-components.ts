/** A part of a composite search parameter (https://hl7.org/fhir/R4/search.html#composite). */
export interface SearchComponent {
  readonly type: string;
  readonly expression: string;
}

/**
 * Where R4 says something else than it means: the two parts of `relationship` have each other's expression, and a
 * characteristic's value is given without the types that its parameter is about.
 */
const CORRECTED: Readonly<Record<string, readonly string[]>> = {
  'http://hl7.org/fhir/SearchParameter/DocumentReference-relationship': ['target', 'code'],
  'http://hl7.org/fhir/SearchParameter/Group-characteristic-value': [
    'code',
    'value.ofType(CodeableConcept) | value.ofType(boolean)',
  ],
};

/** The parts with the kind of the parameter that each refers to by its url. */
export function readComponents(
  url: string,
  components: readonly { readonly definition: string; readonly expression: string }[],
  kinds: ReadonlyMap<string, string>,
): SearchComponent[] {
  return components.map(({ definition, expression }, index) => {
    const type = kinds.get(definition);
    if (type === undefined) throw new Error(`${url} is made of ${definition}, which is not there`);
    const meant = CORRECTED[url]?.[index] ?? expression;
    // The name of a primitive type begins with a small letter.
    return { type, expression: meant.replaceAll('ofType(DateTime)', 'ofType(dateTime)') };
  });
}
