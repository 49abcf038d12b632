/** Statements of those who clean up: the collector of garbage, expiry, and the days of the audit log. */
const CLEANING = /^(?:gc_|purge_|upload_expire|iam_session_delete_expired|audit_open_day|audit_drop_days)/;
/** Statements of workers: lifecycle policies, what follows a deletion, webhooks and the events that they wait for. */
const WORKING = /^(?:lifecycle_|orphans_|webhooks?_|outbox_|repository_abandoned)/;
/** Statements of looks at the health of a node and at its clock. */
const LOOKING = /^(?:ready_|clock_)/;
/** Statements of batch writers, which write together what requests left in memory and no request waits for. */
const GATHERED = [
  "audit_append",
  "iam_key_usage_record",
  "iam_role_usage_record",
  "pull_record",
  "blob_renew_links",
];

/** Whether a statement of this name is made beside the requests of a push, whenever its time has come. */
export function isBackground(name: string): boolean {
  return CLEANING.test(name) || WORKING.test(name) || LOOKING.test(name) || GATHERED.includes(name);
}
