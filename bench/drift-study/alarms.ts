/** How alarms follow from scores: two of three consecutive windows, or one at `atOnce`. */
export interface AlarmRule {
  /** Null: never. */
  readonly atOnce: number | null;
}

/** Whether the alarm is on after each window; a window that was not judged counts as none. */
export function alarmStates(scores: readonly (number | null)[], { atOnce }: AlarmRule): readonly boolean[] {
  return scores.map((score, at) => {
    const last = scores.slice(Math.max(at - 2, 0), at + 1);
    const drifted = last.filter((one) => one !== null && one >= 1).length;
    return drifted >= 2 || (atOnce !== null && score !== null && score >= atOnce);
  });
}

/** How often the alarm goes on. */
export const alarmsRaised = (states: readonly boolean[]): number =>
  states.filter((on, at) => on && !(states[at - 1] ?? false)).length;
