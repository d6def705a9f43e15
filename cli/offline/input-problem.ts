/** A file that cannot be judged: what is wrong, in which file, and what to do about it. Nothing is promoted on it. */
export class InputProblem extends Error {
  override readonly name = 'InputProblem';
  readonly code: string;
  /** As it was given on the command line. */
  readonly file: string;
  readonly toDo: string;

  constructor(code: string, file: string, what: string, toDo: string) {
    super(`${file}: ${what}`);
    this.code = code;
    this.file = file;
    this.toDo = toDo;
  }
}
