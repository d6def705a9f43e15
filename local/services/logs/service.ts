import { type Cloud, type Json, type JsonObject, type LogsApi, type Service, ServiceError } from '../../contracts.ts';
import { type Members, membersOf } from '../../template/members.ts';
import { embeddedMetrics } from './embedded-metric-format.ts';
import { compileFilterPattern } from './filter-pattern.ts';
import { createLogStore, type LogEvent, type LogGroup } from './store.ts';

// Operations and members: docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference (documented).

const invalid = (message: string) => new ServiceError('InvalidParameterException', message);
const membersFor = (operation: string, input: JsonObject, known: readonly string[]) =>
  membersOf(input, operation, known, invalid);

// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html (documented)
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
const FOREVER = Number.MAX_SAFE_INTEGER;
const EPOCH = { min: 0, max: FOREVER };

/** One page of a list: tokens are offsets, which is enough while lists only grow at their end. */
const page = <T>(all: readonly T[], members: Members, limitMax: number) => {
  const start = Number(members.optionalText('nextToken') ?? 0);
  if (!Number.isInteger(start) || start < 0) throw invalid('The specified nextToken is invalid.');
  const limit = members.integer('limit', { min: 1, max: limitMax }) ?? limitMax;
  const items = all.slice(start, start + limit);
  const next: JsonObject = start + limit < all.length ? { nextToken: String(start + limit) } : {};
  return { items, next };
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** API_PutLogEvents (documented): most events, and most bytes when each counts 26 more than its message. */
const MOST_EVENTS = 10_000;
const MOST_BYTES = 1_048_576;
const EVENT_OVERHEAD_BYTES = 26;

/** @throws ServiceError InvalidParameterException for a batch AWS refuses whole. */
const readLogEvents = (given: Json | undefined): readonly { timestamp: number; message: string }[] => {
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_EVENTS)
    throw invalid(`logEvents: 1 to ${MOST_EVENTS} events are expected`);
  const events = given.map((event, index) => {
    if (typeof event !== 'object' || event === null || Array.isArray(event)) throw invalid(`logEvents: not an event`);
    const members = membersOf(event, `PutLogEvents logEvents.${index}`, ['timestamp', 'message'], invalid);
    const timestamp = members.integer('timestamp', EPOCH);
    if (timestamp === undefined) throw invalid(`logEvents.${index}: timestamp is required`);
    return { timestamp, message: members.text('message') };
  });
  const [first] = events;
  const last = events.at(-1);
  if (events.some(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0)))
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
  if (first && last && last.timestamp - first.timestamp > DAY_MS)
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + EVENT_OVERHEAD_BYTES, 0);
  if (bytes > MOST_BYTES) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of ${MOST_BYTES}`);
  return events;
};

/** CloudWatch Logs: log groups, their streams and lines. */
export const createLogs = (cloud: Cloud): { service: Service; api: LogsApi } => {
  const store = createLogStore(() => cloud.clock.ms());
  const arnOf = (name: string) => `arn:aws:logs:${cloud.region}:${cloud.account}:log-group:${name}`;

  const groupOf = (name: string): LogGroup => {
    const group = store.groups.get(name);
    if (!group) throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
    return group;
  };
  const within = (members: Members) => {
    const start = members.integer('startTime', EPOCH) ?? 0;
    const end = members.integer('endTime', EPOCH) ?? FOREVER;
    return (event: LogEvent) => event.timestamp >= start && event.timestamp < end;
  };
  const wireEvent = (event: LogEvent): JsonObject => ({
    timestamp: event.timestamp,
    message: event.message,
    ingestionTime: event.ingestedAt,
  });

  const describeLogGroups = (input: JsonObject): JsonObject => {
    const members = membersFor('DescribeLogGroups', input, [
      'logGroupNamePrefix',
      'logGroupNamePattern',
      'limit',
      'nextToken',
    ]);
    const prefix = members.optionalText('logGroupNamePrefix') ?? '';
    const part = members.optionalText('logGroupNamePattern')?.toLowerCase() ?? '';
    const groups = [...store.groups.values()]
      .filter((group) => group.name.startsWith(prefix) && group.name.toLowerCase().includes(part))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, next } = page(groups, members, 50);
    return {
      logGroups: items.map((group): JsonObject => {
        const storedBytes = group.events.reduce((sum, event) => sum + Buffer.byteLength(event.message), 0);
        return {
          logGroupName: group.name,
          creationTime: group.createdAt,
          metricFilterCount: 0,
          arn: `${arnOf(group.name)}:*`,
          logGroupArn: arnOf(group.name),
          storedBytes,
          ...(group.retentionInDays === undefined ? {} : { retentionInDays: group.retentionInDays }),
        };
      }),
      ...next,
    };
  };

  const describeLogStreams = (input: JsonObject): JsonObject => {
    const members = membersFor('DescribeLogStreams', input, [
      'logGroupName',
      'logStreamNamePrefix',
      'orderBy',
      'descending',
      'limit',
      'nextToken',
    ]);
    const group = groupOf(members.text('logGroupName'));
    const prefix = members.optionalText('logStreamNamePrefix') ?? '';
    const orderBy = members.optionalText('orderBy') ?? 'LogStreamName';
    if (orderBy !== 'LogStreamName' && orderBy !== 'LastEventTime') throw invalid(`orderBy: ${orderBy} is unknown`);
    const streams = [...group.streams.values()]
      .filter((stream) => stream.name.startsWith(prefix))
      .sort((a, b) =>
        orderBy === 'LogStreamName' ? (a.name < b.name ? -1 : 1) : (a.lastEventAt ?? 0) - (b.lastEventAt ?? 0),
      );
    if (members.flag('descending')) streams.reverse();
    const { items, next } = page(streams, members, 50);
    return {
      logStreams: items.map(
        (stream): JsonObject => ({
          logStreamName: stream.name,
          creationTime: stream.createdAt,
          arn: `${arnOf(group.name)}:log-stream:${stream.name}`,
          storedBytes: 0,
          ...(stream.firstEventAt === undefined ? {} : { firstEventTimestamp: stream.firstEventAt }),
          ...(stream.lastEventAt === undefined
            ? {}
            : { lastEventTimestamp: stream.lastEventAt, lastIngestionTime: stream.lastEventAt }),
        }),
      ),
      ...next,
    };
  };

  const filterLogEvents = (input: JsonObject): JsonObject => {
    const members = membersFor('FilterLogEvents', input, [
      'logGroupName',
      'logStreamNames',
      'logStreamNamePrefix',
      'startTime',
      'endTime',
      'filterPattern',
      'limit',
      'nextToken',
      'interleaved',
    ]);
    const group = groupOf(members.text('logGroupName'));
    const names = members.texts('logStreamNames');
    const prefix = members.optionalText('logStreamNamePrefix') ?? '';
    const matches = compileFilterPattern(members.optionalText('filterPattern') ?? '');
    const inTime = within(members);
    const events = group.events.filter(
      (event) =>
        inTime(event) &&
        event.stream.startsWith(prefix) &&
        (names === undefined || names.includes(event.stream)) &&
        matches(event.message),
    );
    const { items, next } = page(events, members, 10_000);
    return {
      events: items.map(
        (event): JsonObject => ({
          logStreamName: event.stream,
          ...wireEvent(event),
          eventId: String(event.sequence).padStart(56, '0'),
        }),
      ),
      searchedLogStreams: [],
      ...next,
    };
  };

  const getLogEvents = (input: JsonObject): JsonObject => {
    const members = membersFor('GetLogEvents', input, [
      'logGroupName',
      'logStreamName',
      'startTime',
      'endTime',
      'startFromHead',
      'limit',
      'nextToken',
    ]);
    const group = groupOf(members.text('logGroupName'));
    const name = members.text('logStreamName');
    if (!group.streams.has(name)) {
      throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
    }
    const limit = members.integer('limit', { min: 1, max: 10_000 }) ?? 10_000;
    const inTime = within(members);
    const events = group.events.filter((event) => event.stream === name && inTime(event));
    const token = /^([fb])\/(\d+)$/.exec(members.optionalText('nextToken') ?? '');
    if (members.has('nextToken') && !token) throw invalid('The specified nextToken is invalid.');
    const at = Number(token?.[2] ?? 0);
    let items: LogEvent[];
    if (token?.[1] === 'f') items = events.filter((event) => event.sequence >= at).slice(0, limit);
    else if (token) items = events.filter((event) => event.sequence < at).slice(-limit);
    else items = members.flag('startFromHead') ? events.slice(0, limit) : events.slice(-limit);
    const first = items[0]?.sequence ?? at;
    const last = items.at(-1);
    return {
      events: items.map(wireEvent),
      // At the end of the stream the token that was passed in comes back.
      nextForwardToken: `f/${last ? last.sequence + 1 : at}`,
      nextBackwardToken: `b/${first}`,
    };
  };

  /** Gives the monitoring service what lines say in the embedded metric format. */
  const extract = (messages: readonly string[]) => {
    const now = cloud.clock.ms();
    for (const message of messages) {
      for (const metric of embeddedMetrics(message)) {
        // Metrics too old or too far ahead are dropped (CloudWatch_Embedded_Metric_Format_Specification.html, documented).
        if (metric.at >= now - 14 * DAY_MS && metric.at <= now + 2 * HOUR_MS) cloud.monitoring.put(metric);
      }
    }
  };

  const putLogEvents = (input: JsonObject): JsonObject => {
    const known = ['logGroupName', 'logStreamName', 'logEvents', 'sequenceToken'];
    const members = membersFor('PutLogEvents', input, known);
    const group = groupOf(members.text('logGroupName'));
    const stream = group.streams.get(members.text('logStreamName'));
    if (!stream) throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
    // Sequence tokens are ignored, batches are taken without (API_PutLogEvents, documented).
    const events = readLogEvents(input.logEvents);
    const now = cloud.clock.ms();
    const oldest = now - 14 * DAY_MS;
    const expired = group.retentionInDays === undefined ? oldest : now - group.retentionInDays * DAY_MS;
    // Events too old, expired or too far ahead are left out and told of (API_RejectedLogEventsInfo, documented).
    const tooOld = events.filter(({ timestamp }) => timestamp < oldest).length;
    const outdated = events.filter(({ timestamp }) => timestamp < expired).length;
    const tooNew = events.findIndex(({ timestamp }) => timestamp > now + 2 * HOUR_MS);
    const taken = events.slice(Math.max(tooOld, outdated), tooNew === -1 ? undefined : tooNew);
    store.put(group, stream, taken);
    extract(taken.map(({ message }) => message));
    const rejected: JsonObject = {
      ...(tooNew === -1 ? {} : { tooNewLogEventStartIndex: tooNew }),
      ...(tooOld === 0 ? {} : { tooOldLogEventEndIndex: tooOld }),
      ...(outdated <= tooOld ? {} : { expiredLogEventEndIndex: outdated }),
    };
    return {
      nextSequenceToken: String(taken.length).padStart(56, '0'),
      ...(Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected }),
    };
  };

  const createLogStream = (input: JsonObject): undefined => {
    const members = membersFor('CreateLogStream', input, ['logGroupName', 'logStreamName']);
    const name = members.text('logStreamName');
    const group = groupOf(members.text('logGroupName'));
    // A log stream's name has 1 to 512 characters, none of them a colon or asterisk: API_CreateLogStream (documented).
    if (!/^[^:*]{1,512}$/.test(name)) throw invalid('The specified log stream name is invalid.');
    if (!store.createStream(group, name))
      throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists');
    return undefined;
  };

  const createLogGroup = (name: string, retentionInDays?: number) => {
    if (!store.createGroup(name, retentionInDays)) {
      throw new ServiceError('ResourceAlreadyExistsException', 'The specified log group already exists');
    }
  };

  const service: Service = {
    scope: 'logs',
    api: {
      protocol: 'json-1.1',
      target: 'Logs_20140328',
      operations: {
        DescribeLogGroups: describeLogGroups,
        DescribeLogStreams: describeLogStreams,
        FilterLogEvents: filterLogEvents,
        GetLogEvents: getLogEvents,
        PutLogEvents: putLogEvents,
        CreateLogStream: createLogStream,
        CreateLogGroup(input) {
          createLogGroup(membersFor('CreateLogGroup', input, ['logGroupName']).text('logGroupName'));
          return undefined;
        },
        // A log group goes with its streams and events: API_DeleteLogGroup (documented).
        DeleteLogGroup(input) {
          const { name } = groupOf(membersFor('DeleteLogGroup', input, ['logGroupName']).text('logGroupName'));
          store.deleteGroup(name);
          return undefined;
        },
      },
    },
    resources: {
      'AWS::Logs::LogGroup': {
        // A group's own key is refused: nothing is encrypted here, so that the key's policy would not be asked.
        properties: ['LogGroupName', 'RetentionInDays', 'LogGroupClass', 'Tags'],
        create(resource, deployment) {
          const { logicalId, properties } = resource;
          const members = membersOf(
            properties,
            `AWS::Logs::LogGroup ${logicalId}`,
            ['LogGroupName', 'RetentionInDays', 'LogGroupClass', 'Tags'],
            invalid,
          );
          // Other classes of log groups cannot be read as this one: CloudWatch_Logs_Log_Classes (documented).
          const logClass = members.optionalText('LogGroupClass') ?? 'STANDARD';
          if (logClass !== 'STANDARD') throw invalid(`LogGroupClass: only STANDARD is honoured here, not ${logClass}`);
          const name = members.optionalText('LogGroupName') ?? `${deployment.stack}-${logicalId}-${cloud.id(12)}`;
          const days = members.integer('RetentionInDays', { min: 1, max: 3653 });
          if (days !== undefined && !RETENTION_DAYS.includes(days)) {
            throw invalid(`RetentionInDays: ${days} is none of ${RETENTION_DAYS.join(', ')}`);
          }
          createLogGroup(name, days);
          return { ref: name, attributes: { Arn: `${arnOf(name)}:*` } };
        },
      },
    },
  };

  const api: LogsApi = {
    write(group, stream, lines) {
      store.append(group, stream, lines);
      extract(lines);
    },
    exists: (group) => store.groups.has(group),
    read: (group) =>
      (store.groups.get(group)?.events ?? []).map(({ timestamp, stream, message }) => ({ timestamp, stream, message })),
  };
  return { service, api };
};
