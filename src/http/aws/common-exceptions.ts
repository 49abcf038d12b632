/** How an exception that no model lists is answered, in each dialect. */
interface CommonAnswer {
  readonly json: number;
  readonly query: number;
  /** The Query protocol's name for it, where it is another. */
  readonly queryCode?: string;
}

/** "Common Errors" of the services: what every operation may answer beside its own exceptions. */
export const COMMON_EXCEPTIONS = {
  AccessDeniedException: { json: 400, query: 403, queryCode: "AccessDenied" },
  MissingAuthenticationTokenException: { json: 400, query: 403, queryCode: "MissingAuthenticationToken" },
  IncompleteSignatureException: { json: 400, query: 403, queryCode: "IncompleteSignature" },
  UnrecognizedClientException: { json: 400, query: 403, queryCode: "InvalidClientTokenId" },
  InvalidSignatureException: { json: 400, query: 403, queryCode: "SignatureDoesNotMatch" },
  /** Of the credentials of a call; an exception of STS has nearly the same name. */
  ExpiredToken: { json: 400, query: 403 },
  ThrottlingException: { json: 400, query: 400, queryCode: "Throttling" },
  SerializationException: { json: 400, query: 400, queryCode: "MalformedInput" },
  ValidationError: { json: 400, query: 400 },
  UnknownOperationException: { json: 400, query: 400, queryCode: "InvalidAction" },
  /** Of an operation that is known, and that Berth does not have yet. */
  UnsupportedOperationException: { json: 400, query: 400 },
  MissingAction: { json: 400, query: 400 },
  RequestTimeoutException: { json: 408, query: 408, queryCode: "RequestTimeout" },
  RequestEntityTooLargeException: { json: 413, query: 413, queryCode: "RequestEntityTooLarge" },
  ServiceUnavailable: { json: 503, query: 503 },
  InternalFailure: { json: 500, query: 500 },
} as const satisfies Readonly<Record<string, CommonAnswer>>;

export type CommonException = keyof typeof COMMON_EXCEPTIONS;

const ANSWERS: Readonly<Record<string, CommonAnswer>> = COMMON_EXCEPTIONS;

/** Undefined for an exception that only models know. */
export function commonAnswer(code: string): CommonAnswer | undefined {
  return Object.hasOwn(ANSWERS, code) ? ANSWERS[code] : undefined;
}
