/** A condition that the user can mend; the message says how, and holds no secret. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = "EmbeddedPostgresError";
}

/** Another Berth works on the data directory. */
export class DataDirectoryInUseError extends Error {
  override readonly name: string = "DataDirectoryInUseError";
  readonly dataDir: string;
  /** The process that holds it; undefined when it did not say (another container, for one). */
  readonly pid: number | undefined;

  constructor(dataDir: string, holder: { readonly pid?: number; readonly url?: string }) {
    const who =
      holder.pid === undefined
        ? "another Berth, perhaps of another container"
        : `Berth process ${holder.pid}`;
    const where = holder.url === undefined ? "" : ` (${holder.url})`;
    super(`the data directory ${dataDir} is in use by ${who}${where}; stop it or set BERTH_DATA_DIR`);
    this.dataDir = dataDir;
    this.pid = holder.pid;
  }
}

/** The code of a failed system call, such as ENOENT. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
