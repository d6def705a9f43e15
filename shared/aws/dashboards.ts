import { CloudWatchClient, DeleteDashboardsCommand, PutDashboardCommand } from '@aws-sdk/client-cloudwatch';

import { translated } from './translate.ts';

/** CloudWatch's dashboards. */
export interface DashboardsApi {
  /** Creates the dashboard, or replaces all of it. Source: PutDashboard, API reference. */
  put(name: string, body: string): Promise<void>;
  /** Takes it away; one that is not there is none of its business. */
  remove(name: string): Promise<void>;
}

export const dashboardsApi = (cloudWatch = new CloudWatchClient({})): DashboardsApi => ({
  async put(name, body) {
    try {
      await cloudWatch.send(new PutDashboardCommand({ DashboardName: name, DashboardBody: body }));
    } catch (cause) {
      throw translated(cause, `put dashboard ${name}`);
    }
  },
  async remove(name) {
    try {
      await cloudWatch.send(new DeleteDashboardsCommand({ DashboardNames: [name] }));
    } catch (cause) {
      // DashboardNotFoundError has the code ResourceNotFound. Source: DeleteDashboards, API reference, and botocore's model.
      if (cause instanceof Error && /^(DashboardNotFoundError|ResourceNotFound(Exception)?)$/.test(cause.name)) return;
      throw translated(cause, `delete dashboard ${name}`);
    }
  },
});
