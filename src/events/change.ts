/** A change as the transaction that made it wrote it into `outbox`; see the migrations. */
export interface Change {
  /** Grows, but not in the order in which transactions end. */
  readonly id: number;
  /** Of the transaction: decimal digits. */
  readonly xid: string;
  /** Like `image.put`. */
  readonly kind: string;
  readonly detail: ChangeDetail;
  readonly at: Date;
}

/** What of a change is known: by its kind. What older nodes write lacks some of it. */
export interface ChangeDetail {
  /** Null for a change of the registry itself. */
  readonly repository: string | null;
  /** ARN of whoever made it, or what stands for one. */
  readonly principal: string;
  readonly requestId: string;
  /** The permission that was used: of everything but images. */
  readonly action?: string;
  readonly sourceIp?: string;
  readonly userAgent?: string;
  readonly digest?: string;
  readonly mediaType?: string;
  readonly artifactType?: string;
  /** Digest of what a referrer refers to. */
  readonly subject?: string;
  /** Of `image.put`: tags that did not point there before, and what they pointed at. */
  readonly moved?: readonly { readonly tag: string; readonly from: string | null }[];
  /** Of `image.delete`: tags that went with it. */
  readonly tags?: readonly string[];
  /** Of `image.untag`. */
  readonly tag?: string;
  readonly [name: string]: unknown;
}
