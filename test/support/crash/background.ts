/** Statements of those who clean up: the collector of garbage, expiry, and the days of the audit log. */
const CLEANING = /^(?:gc_|purge_|upload_expire|iam_session_delete_expired|audit_open_day|audit_drop_days)/;
/** Statements of looks at the health of a node and at its clock. */
const LOOKING = /^(?:ready_|clock_)/;
/** Statements of batch writers, which write together what requests left in memory and no request waits for. */
const GATHERED = ["audit_append", "iam_key_usage_record", "iam_role_usage_record"];

/** Whether a statement of this name is made beside the requests of a push, whenever its time has come. */
export function isBackground(name: string): boolean {
  return CLEANING.test(name) || LOOKING.test(name) || GATHERED.includes(name);
}
