/** The user that PostgreSQL runs as when it is not the one that Berth runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What `spawn` needs to run a program as `account`. */
export function spawnAs(account: Account | undefined): { uid?: number; gid?: number } {
  return account === undefined ? {} : { uid: account.uid, gid: account.gid };
}
