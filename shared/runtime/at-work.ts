/** A Lambda function's longest run: a step that has been quiet for longer is not at work. */
export const AT_WORK_MS = 15 * 60_000;
