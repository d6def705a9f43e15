/**
 * Grants what watching endpoints that came from elsewhere needs: reading the buckets they capture into, which
 * platform.yml names in `watchedBuckets`. Who watches reads; nobody writes there.
 */

/** Read what was captured: the other steps go by what these record. */
const READERS = ['DetectDriftRole', 'MeasureQualityRole'];

/** Lower case letters, digits, dots and hyphens, 3 to 63. Source: S3 user guide, "Bucket naming rules". */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Adds the statements to the roles.
 *
 * @param {Record<string, any>} resources those of a CloudFormation template
 * @param {readonly string[]} buckets names of buckets
 */
exports.grantWatchedBuckets = (resources, buckets) => {
  const wrong = buckets.filter((name) => !BUCKET.test(name));
  if (wrong.length > 0) throw new Error(`platform.yml: watchedBuckets: no names of buckets: ${wrong.join(', ')}`);
  if (buckets.length === 0) return;
  const arnOf = (name, below) => ({ 'Fn::Sub': `arn:\${AWS::Partition}:s3:::${name}${below}` });
  for (const reader of READERS) {
    resources[reader].Properties.Policies[0].PolicyDocument.Statement.push(
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: buckets.map((name) => arnOf(name, '')) },
      { Effect: 'Allow', Action: ['s3:GetObject'], Resource: buckets.map((name) => arnOf(name, '/*')) },
    );
  }
};
