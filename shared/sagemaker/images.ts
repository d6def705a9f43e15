import { ConfigError } from '../errors.ts';

/**
 * Registry account of SageMaker's built-in XGBoost image, by region. Known for lines 0.90 to 1.7-1 and *assumed* for
 * 3.0-5. Source: aws/sagemaker-python-sdk, image_uri_config/xgboost.json.
 */
const ACCOUNTS: Readonly<Record<string, string>> = {
  'us-east-1': '683313688378',
  'us-east-2': '257758044811',
  'us-west-1': '746614075791',
  'us-west-2': '246618743249',
  'ca-central-1': '341280168497',
  'ca-west-1': '190319476487',
  'sa-east-1': '737474898029',
  'eu-west-1': '141502667606',
  'eu-west-2': '764974769150',
  'eu-west-3': '659782779980',
  'eu-central-1': '492215442770',
  'eu-central-2': '680994064768',
  'eu-north-1': '662702820516',
  'eu-south-1': '978288397137',
  'eu-south-2': '104374241257',
  'ap-south-1': '720646828776',
  'ap-south-2': '628508329040',
  'ap-southeast-1': '121021644041',
  'ap-southeast-2': '783357654285',
  'ap-southeast-3': '951798379941',
  'ap-southeast-4': '106583098589',
  'ap-northeast-1': '354813040037',
  'ap-northeast-2': '366743142698',
  'ap-northeast-3': '867004704886',
  'ap-east-1': '651117190479',
  'me-south-1': '801668240914',
  'me-central-1': '272398656194',
  'il-central-1': '898809789911',
  'af-south-1': '510948584623',
  'us-gov-west-1': '414596584902',
  'us-gov-east-1': '237065988967',
  'cn-north-1': '450853457545',
  'cn-northwest-1': '451049120500',
};

/** The line of the image. `:latest` and `:1` must never be used. Source: SageMaker developer guide, xgboost. */
const VERSION = '3.0-5';

/**
 * URI of the built-in XGBoost image in a region.
 * @throws ConfigError for a region with no known registry.
 */
export const xgboostImage = (region: string): string => {
  const account = ACCOUNTS[region];
  if (!account) throw new ConfigError(`no registry of the built-in XGBoost image is known for region ${region}`);
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `${account}.dkr.ecr.${region}.${suffix}/sagemaker-xgboost:${VERSION}`;
};
