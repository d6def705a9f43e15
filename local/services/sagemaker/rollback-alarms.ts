import type { Cloud } from '../../contracts.ts';
import { invalid } from './errors.ts';

/** The alarms of an AutoRollbackConfiguration, as SageMaker reads them under an endpoint's execution roles. */
export interface RollbackAlarms {
  /**
   * @throws ServiceError `ValidationException` when one does not exist, or a role may not look at it.
   */
  check(): void;
  /** Why the deployment cannot go on now; undefined when every alarm may be read and none is in ALARM. */
  tripped(): string | undefined;
  /** Calls back with the reason whenever one goes into ALARM. @returns The way to stop. */
  watch(onTrip: (reason: string) => void): () => void;
}

const SESSION = 'SageMaker';

/**
 * @param names The alarms' names.
 * @param roles The execution roles of the new configuration's models.
 */
export const createRollbackAlarms = (
  cloud: Cloud,
  names: readonly string[],
  roles: readonly string[],
): RollbackAlarms => {
  // SageMaker reads rollback alarms by cloudwatch:DescribeAlarms under the execution role
  // (deployment-guardrails-configuration.html, documented). The resource of cloudwatch:DescribeAlarms is the alarm
  // (Service Authorization Reference, Amazon CloudWatch, documented).
  const unreadable = (name: string) => {
    const resource = `arn:aws:cloudwatch:${cloud.region}:${cloud.account}:alarm:${name}`;
    return roles.find(
      (role) => !cloud.iam.allows({ by: { role, session: SESSION }, action: 'cloudwatch:DescribeAlarms', resource }),
    );
  };
  // The words of FailureReason after a rollback are *assumed*: no page has them.
  const inWords = (name: string) => `The deployment was rolled back: the CloudWatch alarm ${name} is in ALARM state.`;
  return {
    check() {
      for (const name of names) {
        // The alarms of AutoRollbackConfiguration must exist and be readable (deployment-guardrails-configuration.html,
        // documented). That the request is refused otherwise, and its words, are *assumed*.
        const role = unreadable(name);
        if (role !== undefined) {
          throw invalid(
            `Could not read the alarm ${name} of AutoRollbackConfiguration. Please ensure that the role "${role}" has "cloudwatch:DescribeAlarms" permissions on it.`,
          );
        }
        if (cloud.monitoring.alarmState(name) === undefined) {
          throw invalid(`Could not find the alarm ${name} of AutoRollbackConfiguration.`);
        }
      }
    },
    tripped() {
      for (const name of names) {
        const role = unreadable(name);
        // That a deployment whose alarms cannot be read any more goes back is *assumed*: nothing else would be safe.
        if (role !== undefined) {
          return `The deployment was rolled back: the role ${role} may not read the CloudWatch alarm ${name}.`;
        }
        if (cloud.monitoring.alarmState(name) === 'ALARM') return inWords(name);
      }
      return undefined;
    },
    watch: (onTrip) =>
      cloud.monitoring.onAlarm((name, state) => {
        if (state === 'ALARM' && names.includes(name)) onTrip(inWords(name));
      }),
  };
};
