/** What is worked out of the bytes of a dataset and the terms it is judged on, and of nothing else. */
import { datasetJudge } from '../../shared/data/judge-dataset.ts';
import { correlationsOf } from '../../shared/data/profile/correlations.ts';
import { readDataset } from '../../shared/data/read-dataset.ts';

export const DATA_WORK = { datasetJudge, readDataset, correlationsOf };

export type DataWork = typeof DATA_WORK;
