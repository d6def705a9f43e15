/**
 * What rules tell CloudWatch: names and dimensions of
 * docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html (documented).
 */
import type { Cloud } from '../../contracts.ts';
import type { Rule } from './store.ts';

type RuleMetric =
  | 'Invocations'
  | 'FailedInvocations'
  | 'RetryInvocationAttempts'
  | 'InvocationsSentToDlq'
  | 'InvocationsFailedToBeSentToDlq';

/**
 * Counts something a rule did. Rules of the default bus are named alone, others with their bus (eb-monitoring, documented).
 */
export const countForRule = ({ monitoring }: Cloud, rule: Rule, name: RuleMetric): void => {
  const dimensions = {
    ...(rule.bus.name === 'default' ? {} : { EventBusName: rule.bus.name }),
    RuleName: rule.settings.name,
  };
  monitoring.put({ namespace: 'AWS/Events', name, value: 1, unit: 'Count', dimensions });
};
