/** The states of a run and the legal moves between them. */
export const NEXT = {
  planned: ['preparing', 'failed'],
  preparing: ['training', 'failed'],
  training: ['evaluating', 'failed'],
  evaluating: ['deciding', 'failed'],
  deciding: ['deploying', 'held', 'rejected', 'failed'],
  // `held`: the champion changed after the decision, so that nothing was deployed.
  deploying: ['promoted', 'rolled-back', 'held', 'failed'],
  promoted: [],
  'rolled-back': [],
  held: [],
  rejected: [],
  failed: [],
} as const satisfies Record<string, readonly string[]>;

export type RunState = keyof typeof NEXT;

/** The states a run can end in. */
export const RUN_ENDS = ['promoted', 'rolled-back', 'held', 'rejected', 'failed'] as const;
export type RunEnd = (typeof RUN_ENDS)[number];

/** Which facts of a run the ledger has. */
export interface RunFacts {
  readonly prepared: boolean;
  readonly attempts: number;
  readonly trained: boolean;
  readonly evaluated: boolean;
  readonly decided: 'promote' | 'hold' | 'reject' | undefined;
  readonly end: RunEnd | undefined;
}

/** Where a run stands; derived from its facts, so that no state can disagree with them. */
export const stateOf = (facts: RunFacts): RunState => {
  if (facts.end) return facts.end;
  if (facts.decided === 'promote') return 'deploying';
  if (facts.evaluated) return 'deciding';
  if (facts.trained) return 'evaluating';
  if (facts.attempts > 0) return 'training';
  return facts.prepared ? 'preparing' : 'planned';
};

/** Whether a run may go from one state to the other in any number of legal moves. */
export const canReach = (from: RunState, to: RunState): boolean => {
  const next: readonly RunState[] = NEXT[from];
  return from === to || next.some((state) => canReach(state, to));
};
