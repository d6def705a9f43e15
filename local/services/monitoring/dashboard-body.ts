/**
 * What AWS checks of a dashboard's body. Source: docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
 * CloudWatch-Dashboard-Body-Structure.html (documented).
 */
import { type Json, type JsonObject, ServiceError } from '../../contracts.ts';

/** One thing that is wrong, and where: `/widgets/0/properties`. */
type Finding = { readonly dataPath: string; readonly message: string };

/** A dashboard has at most 500 widgets, and a widget at most 500 metrics: CloudWatch-Dashboard-Body-Structure (documented). */
const MOST = 500;
/** A widget for alarms names 1 to 100 of them: CloudWatch-Dashboard-Body-Structure (documented). */
const MOST_ALARMS = 100;

const WIDGET_TYPES = ['metric', 'text', 'log', 'alarm', 'explorer', 'custom', 'chart'];

/** The grid is 24 wide: CloudWatch-Dashboard-Body-Structure (documented). */
const PLACES: Readonly<Record<string, { readonly least: number; readonly most: number }>> = {
  x: { least: 0, most: 23 },
  y: { least: 0, most: Number.MAX_SAFE_INTEGER },
  width: { least: 1, most: 24 },
  height: { least: 1, most: 1000 },
};

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isFull = (value: Json | undefined, most: number): value is Json[] =>
  Array.isArray(value) && value.length > 0 && value.length <= most;

/**
 * A metric is its namespace, its name, and dimensions by pairs of name and value, where `.` stands for what the metric above
 * has in that place and `...` for all but the last; or a rendering with an expression alone
 * (CloudWatch-Dashboard-Body-Structure, "Metric Widget: Format for Each Metric in the Array", documented).
 */
const isMetric = (metric: Json): boolean => {
  if (!Array.isArray(metric)) return false;
  const rendering = isObject(metric.at(-1)) ? metric.at(-1) : undefined;
  const words = rendering === undefined ? metric : metric.slice(0, -1);
  if (!words.every((word) => typeof word === 'string')) return false;
  if (words.length === 0) return isObject(rendering) && typeof rendering.expression === 'string';
  return words.includes('...') || (words.length >= 2 && words.length % 2 === 0);
};

const required = (properties: JsonObject, path: string, names: readonly string[]): Finding[] =>
  names
    .filter((name) => properties[name] === undefined)
    .map((name) => ({ dataPath: path, message: `Should have required property '${name}'` }));

const ofMetrics = (properties: JsonObject, path: string): Finding[] => {
  const { metrics, annotations, region } = properties;
  const alarms = isObject(annotations) ? annotations.alarms : undefined;
  if (metrics !== undefined && !(isFull(metrics, MOST) && metrics.every(isMetric))) {
    const at = Array.isArray(metrics) ? metrics.findIndex((metric) => !isMetric(metric)) : -1;
    const dataPath = `${path}/metrics${at < 0 ? '' : `/${at}`}`;
    return [{ dataPath, message: `Should be 1 to ${MOST} metrics, each a namespace, a name and pairs` }];
  }
  if (typeof region === 'string' && (metrics !== undefined || alarms !== undefined)) return [];
  // A widget for metrics names a region, and metrics or an alarm: these words of a refusal stand in
  // github.com/aws-samples/aws-eda-slurm-cluster issue 116; the rest of the words of refusals are *assumed*.
  return [
    ...(metrics === undefined && alarms === undefined ? required(properties, path, ['metrics']) : []),
    {
      dataPath: path,
      message: 'The metric widget should have specified a region and a data source or an alarm annotation',
    },
    ...(metrics === undefined ? required(properties, path, ['annotations']) : []),
  ];
};

const ofAlarms = (properties: JsonObject, path: string): Finding[] => {
  const { alarms } = properties;
  if (alarms === undefined) return required(properties, path, ['alarms']);
  const areNamed = isFull(alarms, MOST_ALARMS) && alarms.every((arn) => /^arn:[^:]+:cloudwatch:/.test(String(arn)));
  return areNamed ? [] : [{ dataPath: `${path}/alarms`, message: `Should be 1 to ${MOST_ALARMS} ARNs of alarms` }];
};

const ofProperties = (type: string, properties: JsonObject, path: string): Finding[] => {
  if (type === 'metric') return ofMetrics(properties, path);
  if (type === 'alarm') return ofAlarms(properties, path);
  if (type === 'text') return required(properties, path, ['markdown']);
  if (type === 'log') return required(properties, path, ['query', 'region']);
  // Whatever explorers, charts and custom widgets say is kept unread (*assumed* to be right).
  return [];
};

const ofWidget = (widget: Json, path: string): Finding[] => {
  if (!isObject(widget)) return [{ dataPath: path, message: 'Should be object' }];
  const { type, properties } = widget;
  const findings = required(widget, path, ['type', 'properties']);
  if (type !== undefined && !(typeof type === 'string' && WIDGET_TYPES.includes(type)))
    findings.push({ dataPath: `${path}/type`, message: 'Should be equal to one of the allowed values' });
  for (const [name, { least, most }] of Object.entries(PLACES)) {
    const value = widget[name];
    const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    if (value !== undefined && !fits)
      findings.push({ dataPath: `${path}/${name}`, message: `Should be an integer from ${least} to ${most}` });
  }
  if (properties !== undefined && !isObject(properties))
    findings.push({ dataPath: `${path}/properties`, message: 'Should be object' });
  if (isObject(properties) && typeof type === 'string')
    findings.push(...ofProperties(type, properties, `${path}/properties`));
  return findings;
};

const findingsIn = (body: JsonObject): Finding[] => {
  const { widgets } = body;
  if (widgets === undefined) return required(body, '', ['widgets']);
  if (!Array.isArray(widgets)) return [{ dataPath: '/widgets', message: 'Should be array' }];
  if (widgets.length > MOST) return [{ dataPath: '/widgets', message: `Should NOT have more than ${MOST} items` }];
  return widgets.flatMap((widget, index) => ofWidget(widget, `/widgets/${index}`));
};

/** @throws ServiceError DashboardInvalidInputError, with all that is wrong. */
export const checkDashboardBody = (body: string): void => {
  let parsed: Json = null;
  try {
    parsed = JSON.parse(body) as Json;
  } catch {
    // Refused below, like JSON that is no object.
  }
  if (!isObject(parsed))
    throw new ServiceError('DashboardInvalidInputError', 'The field DashboardBody must be a valid JSON object');
  const findings = findingsIn(parsed);
  if (findings.length === 0) return;
  throw new ServiceError(
    'DashboardInvalidInputError',
    `The dashboard body is invalid, there are ${findings.length} validation errors:\n${JSON.stringify(findings, null, 2)}`,
    400,
    {
      dashboardValidationMessages: findings.map(({ dataPath, message }) => ({ DataPath: dataPath, Message: message })),
    },
  );
};
