/** IAM and STS: the roles of the deployed stack, kept whole, and credentials of their sessions. */
import type { Cloud, Service } from '../../contracts.ts';
import { iamOperations, stsOperations } from './operations.ts';
import { iamResources } from './resources.ts';
import { createRoles, type IamStore } from './roles.ts';

export type { IamStore } from './roles.ts';

/**
 * IAM and STS of one cloud.
 * @returns Both services, and what the rest of the cloud asks them.
 */
export const createIam = (cloud: Cloud): { services: Service[]; api: IamStore } => {
  const roles = createRoles(cloud);
  return {
    api: roles.api,
    services: [
      {
        scope: 'iam',
        api: {
          protocol: 'query',
          target: 'https://iam.amazonaws.com/doc/2010-05-08/',
          operations: iamOperations(roles),
        },
        resources: iamResources(cloud, roles),
      },
      {
        scope: 'sts',
        api: {
          protocol: 'query',
          target: 'https://sts.amazonaws.com/doc/2011-06-15/',
          operations: stsOperations(cloud, roles),
        },
      },
    ],
  };
};
