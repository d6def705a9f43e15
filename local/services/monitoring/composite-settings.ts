/** What PutCompositeAlarm and AWS::CloudWatch::CompositeAlarm take. Source: API reference, PutCompositeAlarm (documented). */
import { type JsonObject, ServiceError } from '../../contracts.ts';
import { anything, flag, list, optional, type Read, readInput, structure, text } from '../parameters.ts';
import { type AlarmRule, parseAlarmRule } from './alarm-rule.ts';
import { actions, checkAction } from './alarm-settings.ts';

const members = {
  AlarmDescription: optional(text({ max: 1024 })),
  ActionsEnabled: optional(flag()),
  OKActions: actions,
  AlarmActions: actions,
  InsufficientDataActions: actions,
  AlarmRule: text({ min: 1, max: 10_240 }),
  Tags: optional(list(anything(), { max: 50 })),
};
const shape = structure({ AlarmName: text({ min: 1, max: 255 }), ...members });

export type CompositeSettings = Read<typeof shape>;

/** The properties of AWS::CloudWatch::CompositeAlarm that are honoured; actions are never suppressed here. */
export const COMPOSITE_PROPERTIES = ['AlarmName', ...Object.keys(members)];

// A composite alarm's rule names at most 100 alarms: API_PutCompositeAlarm (documented).
const MOST_CHILDREN = 100;

/**
 * Reads a composite alarm.
 * @param exists Whether there is an alarm of this name or ARN.
 * @throws ServiceError for what AWS refuses, and for actions other than topics and functions, by name.
 */
export const readCompositeAlarm = (
  where: string,
  input: JsonObject,
  exists: (alarm: string) => boolean,
): { readonly settings: CompositeSettings; readonly rule: AlarmRule } => {
  const settings = readInput(where, shape, input);
  for (const arn of [settings.AlarmActions, settings.OKActions, settings.InsufficientDataActions].flatMap(
    (each) => each ?? [],
  ))
    checkAction(arn);
  const rule = parseAlarmRule(settings.AlarmRule);
  if (rule.alarms.length > MOST_CHILDREN)
    throw new ServiceError('ValidationException', `An AlarmRule may name at most ${MOST_CHILDREN} alarms.`);
  // Documented (PutCompositeAlarm): the alarms of a rule must exist; the words are *assumed*.
  const missing = rule.alarms.filter((alarm) => !exists(alarm));
  if (missing.length > 0)
    throw new ServiceError(
      'ValidationException',
      `Could not save the composite alarm as alarms [${missing.join(', ')}] in the alarm rule do not exist`,
    );
  return { settings, rule };
};

/** Settings as DescribeAlarms gives them (recorded). */
export const compositeAnswer = (settings: CompositeSettings): JsonObject => ({
  ActionsEnabled: settings.ActionsEnabled ?? true,
  AlarmName: settings.AlarmName,
  ...(settings.AlarmDescription === undefined ? {} : { AlarmDescription: settings.AlarmDescription }),
  AlarmRule: settings.AlarmRule,
  OKActions: settings.OKActions ?? [],
  AlarmActions: settings.AlarmActions ?? [],
  InsufficientDataActions: settings.InsufficientDataActions ?? [],
});
