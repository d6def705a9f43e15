/** The verbs of the command. What one takes to run is loaded when it is called: most load an AWS client or an engine. */
import type { Verb } from './verb.ts';

/** A verb, as it is shown before it is called. */
interface ListedVerb {
  readonly usage: string;
  readonly about: string;
  readonly load: () => Promise<Verb>;
}

/** The verbs by name, in the order they are shown. */
export const VERBS: Readonly<Record<string, ListedVerb>> = {
  try: {
    usage: 'try FILE --label COLUMN [--once] [--strict]',
    about: 'from a file to a served local model, its report and a line to call it',
    load: async () => (await import('./verbs/try.ts')).tryFile,
  },
  profile: {
    usage: 'profile FILE [--html FILE]',
    about: 'reads a file and says what it holds, and what is wrong with it',
    load: async () => (await import('./verbs/profile.ts')).profile,
  },
  init: {
    usage: 'init FILE --label COLUMN [--name MODEL] [--out YML]',
    about: 'writes models/MODEL.yml as a file shows it, each guess with its reason',
    load: async () => (await import('./verbs/init.ts')).init,
  },
  validate: {
    usage: 'validate FILE --model NAME [--html FILE]',
    about: 'judges a file by the definition of a model, as the loop will',
    load: async () => (await import('./verbs/validate.ts')).validate,
  },
  prepare: {
    usage: 'prepare FILE --model NAME --out DIR',
    about: 'splits and encodes a file as the loop will, into files to look at',
    load: async () => (await import('./verbs/prepare.ts')).prepare,
  },
  rules: {
    usage: 'rules import|export MODEL --dir DIR [--data FILE]',
    about: "takes rules from SageMaker Model Monitor's files into a definition, or writes them",
    load: async () => (await import('./verbs/rules.ts')).rules,
  },
  publish: {
    usage: 'publish [FILE|FOLDER …]',
    about: 'puts definitions in force; models/ unless others are named',
    load: async () => (await import('./verbs/publish.ts')).publish,
  },
  run: {
    usage: 'run MODEL [--reason TEXT] [--override cooldown,budget]',
    about: 'asks for a run, on all the data there is',
    load: async () => (await import('./verbs/run.ts')).run,
  },
  status: {
    usage: 'status [MODEL]',
    about: 'shows each model: what is in service, what is under way, how the last runs ended',
    load: async () => (await import('./verbs/status.ts')).status,
  },
  report: {
    usage: 'report MODEL [--out FILE]',
    about: "draws a model's life: who was in service, rollouts, drift, live quality",
    load: async () => (await import('./verbs/report.ts')).report,
  },
  approve: {
    usage: 'approve RUN [--approver NAME] [--reference TEXT] [--expires ISO-TIME]',
    about: 'approves the held candidate of a run',
    load: async () => (await import('./verbs/approve.ts')).approve,
  },
  reject: {
    usage: 'reject RUN [--approver NAME] [--reference TEXT] [--expires ISO-TIME]',
    about: 'rejects the held candidate of a run',
    load: async () => (await import('./verbs/approve.ts')).reject,
  },
  rollback: {
    usage: 'rollback MODEL [--reason TEXT]',
    about: 'puts the champion before the present one back',
    load: async () => (await import('./verbs/rollback.ts')).rollback,
  },
  retire: {
    usage: 'retire MODEL [--reason TEXT]',
    about: 'takes a model out of service, its endpoint and its alarms away',
    load: async () => (await import('./verbs/retire.ts')).retire,
  },
  redrive: {
    usage: 'redrive',
    about: 'puts dead letters back to the targets that failed',
    load: async () => (await import('./verbs/redrive.ts')).redrive,
  },
  evaluate: {
    usage: 'evaluate SCORES --rows FILE --definition YML',
    about: "judges one model by its scores in a file, on the definition's own terms",
    load: async () => (await import('./verbs/evaluate.ts')).evaluate,
  },
  gate: {
    usage: 'gate --candidate FILE [--champion FILE] [--anchor FILE] --rows FILE --definition YML',
    about: 'decides between models by their scores in files, without a deployment',
    load: async () => (await import('./verbs/gate.ts')).gate,
  },
};
