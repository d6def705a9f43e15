import { type Cloud, type JsonObject, type Operation, ServiceError } from '../../contracts.ts';
import { list, optional, readInput, structure, text } from '../parameters.ts';
import { checkDashboardBody } from './dashboard-body.ts';
import { invalidValue } from './errors.ts';

interface Dashboard {
  readonly body: string;
  /** Epoch milliseconds. */
  readonly modifiedAt: number;
}

/** Dashboards: kept and given back; nothing draws them. A dashboard's body is given back as it was put (recorded). */
export interface Dashboards {
  readonly operations: Readonly<Record<string, Operation>>;
  put(name: string, body: string): void;
  clear(): void;
}

export const createDashboards = (cloud: Cloud): Dashboards => {
  const dashboards = new Map<string, Dashboard>();
  // A dashboard's ARN has no region (recorded).
  const arnOf = (name: string) => `arn:aws:cloudwatch::${cloud.account}:dashboard/${name}`;
  const notFound = (name: string) =>
    new ServiceError('DashboardNotFoundError', `Dashboard ${name} does not exist`, 404);
  const get = (name: string) => {
    const dashboard = dashboards.get(name);
    if (!dashboard) throw notFound(name);
    return dashboard;
  };
  const put = (name: string, body: string) => {
    if (!/^[\w-]{1,255}$/.test(name))
      throw invalidValue(
        'The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n',
      );
    checkDashboardBody(body);
    dashboards.set(name, { body, modifiedAt: cloud.clock.ms() });
  };
  const entry = ([name, { body, modifiedAt }]: [string, Dashboard]): JsonObject => ({
    DashboardName: name,
    DashboardArn: arnOf(name),
    LastModified: modifiedAt / 1000,
    Size: Buffer.byteLength(body),
  });

  return {
    put,
    clear: () => dashboards.clear(),
    operations: {
      PutDashboard(input) {
        const shape = structure({ DashboardName: text(), DashboardBody: text() });
        const { DashboardName, DashboardBody } = readInput('PutDashboard', shape, input);
        put(DashboardName, DashboardBody);
        return { DashboardValidationMessages: [] };
      },
      GetDashboard(input) {
        const { DashboardName } = readInput('GetDashboard', structure({ DashboardName: text() }), input);
        return { DashboardArn: arnOf(DashboardName), DashboardBody: get(DashboardName).body, DashboardName };
      },
      ListDashboards(input) {
        const shape = structure({ DashboardNamePrefix: optional(text()) });
        const { DashboardNamePrefix = '' } = readInput('ListDashboards', shape, input);
        return {
          DashboardEntries: [...dashboards].filter(([name]) => name.startsWith(DashboardNamePrefix)).map(entry),
        };
      },
      DeleteDashboards(input) {
        const { DashboardNames } = readInput('DeleteDashboards', structure({ DashboardNames: list(text()) }), input);
        const missing = DashboardNames.find((name) => !dashboards.has(name));
        // If one of the dashboards to delete does not exist, none is deleted: API_DeleteDashboards (documented).
        if (missing !== undefined) throw notFound(missing);
        for (const name of DashboardNames) dashboards.delete(name);
        return {};
      },
    },
  };
};
