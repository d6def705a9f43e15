/** Which bucket a request's Host names, if it names one. */
import { isIP } from 'node:net';

import { noSuchBucket, notImplemented } from './errors.ts';

/** Hosts by which S3 itself is meant: the bucket is in the path. */
const ENDPOINTS = /^(localhost|s3([.-][a-z0-9-]+)?\.amazonaws\.com)$/;
/** Hosts that name a bucket of an S3 that is there: by the name of this machine, or by AWS's. */
const VIRTUAL_HOSTS = /^(.+)\.(localhost|s3([.-][a-z0-9-]+)?\.amazonaws\.com)$/;

/**
 * Refuses a Host that means a bucket. S3 takes any other host for a bucket's name:
 * docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html (documented).
 * @throws ServiceError NotImplemented for virtual-hosted-style requests, NoSuchBucket for a host nobody knows
 */
export const checkPathStyle = (hostHeader: string | undefined): void => {
  const host = (hostHeader ?? '').toLowerCase().replace(/:\d+$/, '');
  if (host === '' || isIP(host.replace(/^\[(.*)\]$/, '$1')) !== 0 || ENDPOINTS.test(host)) return;
  if (VIRTUAL_HOSTS.test(host)) {
    throw notImplemented(
      `the virtual-hosted style (Host: ${host}); name the bucket in the path, as clients do at http://127.0.0.1`,
    );
  }
  throw noSuchBucket(host);
};
