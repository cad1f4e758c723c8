import { issue } from '../../../../src/kernel/errors.ts';
import { isJsonObject } from '../../../../src/kernel/json.ts';
import { type ElementRule, NO_ISSUES } from './rule.ts';

/**
 * An extension that changes the meaning of what it stands on must be understood or refused
 * (https://hl7.org/fhir/R4/extensibility.html#modifierExtension). `known` holds the urls that the gateway carries
 * safely.
 */
export function knownModifierExtensions(known: ReadonlySet<string>): ElementRule {
  return ({ value, property, expression }) => {
    if (property.name !== 'modifierExtension') return NO_ISSUES;
    if (isJsonObject(value) && typeof value.url === 'string' && known.has(value.url)) return NO_ISSUES;
    const text =
      'Ginnel does not know this modifierExtension, so it cannot tell what the element means. Send it without.';
    return [issue('modifier-extension-unknown', text, { expression: expression() })];
  };
}
