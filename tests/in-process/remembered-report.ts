/** The page about a dataset, drawn once for the same facts: its charts are half of a whole run otherwise. */
import { type DataReport, dataReport } from '../../shared/report/data-report.ts';

const drawn = new Map<string, Promise<string>>();

export const rememberedReport = (report: DataReport): Promise<string> => {
  const key = JSON.stringify(report);
  const page = drawn.get(key) ?? dataReport(report);
  drawn.set(key, page);
  return page;
};
