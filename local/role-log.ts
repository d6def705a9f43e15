/** Logs that AWS writes under a role. */
import type { Cloud } from './contracts.ts';

/** Adds lines to a log stream. */
export type RoleLog = (lines: readonly string[]) => void;

/**
 * A log stream that a service writes under a role that it took. A role that may not write it leaves no log, and what
 * it belongs to runs all the same (docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html, documented for
 * functions; *assumed* for SageMaker's containers).
 */
export const openRoleLog = (
  cloud: Cloud,
  by: { readonly role: string; readonly session: string },
  group: string,
  stream: string,
): RoleLog => {
  const groupArn = `arn:aws:logs:${cloud.region}:${cloud.account}:log-group:${group}:log-stream:`;
  const may = (action: string, resource: string) => cloud.iam.allows({ by, action, resource });
  const open = () =>
    (cloud.logs.exists(group) || may('logs:CreateLogGroup', groupArn)) &&
    may('logs:CreateLogStream', groupArn + stream) &&
    may('logs:PutLogEvents', groupArn + stream);
  let opened: boolean | undefined;
  return (lines) => {
    // Roles do not change while a stack stands: one answer holds for a stream's life.
    opened ??= open();
    if (opened) cloud.logs.write(group, stream, lines);
  };
};
