/** IAM and STS: the roles of the deployed stack, kept whole, credentials of their sessions, and what they may do. */
import type { Cloud, Service } from '../../contracts.ts';
import { createAuthorizer } from './authorizer.ts';
import { iamOperations, stsOperations } from './operations.ts';
import { createAuthorizationLog } from './record.ts';
import { iamResources } from './resources.ts';
import { createRoles, type IamStore } from './roles.ts';

export type { IamStore } from './roles.ts';

/** What IAM needs of the cloud besides. */
export interface IamOptions {
  /** Those of the cloud, whose resources may have policies; asked for when needed. */
  readonly services: () => readonly Service[];
  /** A folder for the record of authorisations; without one it is in memory only. */
  readonly record?: string;
}

/**
 * IAM and STS of one cloud.
 * @returns Both services, and what the rest of the cloud asks them.
 */
export const createIam = (cloud: Cloud, { services, record }: IamOptions): { services: Service[]; api: IamStore } => {
  const roles = createRoles(cloud);
  const log = createAuthorizationLog(record);
  const { recordPolicies, ...checks } = createAuthorizer(cloud, roles, services, log);
  return {
    api: { ...roles.api, ...checks, authorizations: log.all },
    services: [
      {
        scope: 'iam',
        api: {
          protocol: 'query',
          target: 'https://iam.amazonaws.com/doc/2010-05-08/',
          operations: iamOperations(roles),
        },
        resources: iamResources(cloud, roles),
        started: recordPolicies,
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
