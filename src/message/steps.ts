import type { ValidationPolicy } from '../config/config.ts';
import type { Validator } from '../fhir/validate.ts';
import { FORMATS } from '../formats/formats.ts';
import { hasErrors, type Issue, issue } from '../kernel/errors.ts';
import { failure, type Result, success } from '../kernel/result.ts';
import type { InMapping, MappingContext } from '../mapping/mapping.ts';
import type { CheckedMessage, MappedMessage, ParsedMessage, ReceivedMessage } from './message.ts';
import { judgeIssues } from './validation-policy.ts';

/** Bytes → tree, by the format of the channel. */
export function parseMessage(received: ReceivedMessage, mapping: InMapping): Result<ParsedMessage> {
  if (received.body.byteLength === 0) return failure(issue('body-empty', 'The message is empty.'));
  const parsed = FORMATS[received.format].parse(received.body, mapping.input.options);
  return parsed.ok ? success({ received, payload: parsed.value }, parsed.issues) : parsed;
}

/** Tree → FHIR, once the tree keeps to the mapping's schema. */
export function mapMessage(parsed: ParsedMessage, mapping: InMapping, context: MappingContext): Result<MappedMessage> {
  const breaches = mapping.check(parsed.payload);
  if (hasErrors(breaches)) return failure(...breaches);
  const mapped = mapping.run(parsed.payload, context);
  if (!mapped.ok) return mapped;
  return success({ received: parsed.received, entries: mapped.value }, [...breaches, ...mapped.issues]);
}

/** Every resource is valid R4, keeps our rules and the profiles it names; or the channel's policy lets it pass. */
export function checkMessage(
  mapped: MappedMessage,
  validator: Validator,
  policy: ValidationPolicy = 'reject',
): Result<CheckedMessage> {
  const issues: Issue[] = [];
  const invalid = new Set<string>();
  for (const entry of mapped.entries) {
    const judged = judgeIssues(validator.validate(entry.resource), policy);
    issues.push(...judged.issues);
    if (judged.invalid) invalid.add(entry.name);
  }
  return hasErrors(issues) ? failure(...issues) : success({ ...mapped, checked: true, policy, invalid }, issues);
}
