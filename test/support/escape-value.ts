/** A text as it stands in a search value: `,` `|` `$` and the backslash escaped (https://hl7.org/fhir/R4/search.html#escaping). */
export function escapeValue(text: string): string {
  return text.replace(/[\\,|$]/g, '\\$&');
}
