import type { SeenRequest } from "./faults.ts";
import { S3Refusal } from "./signature.ts";
import type { ObjectStore, PartName } from "./store.ts";

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | string;
}

/** What S3 answers to a request whose signature is good. */
export function answer(store: ObjectStore, request: SeenRequest, body: Buffer): Answer {
  return request.key === "" ? answerBucket(store, request) : answerObject(store, request, body);
}

export function refusal(error: unknown): Answer {
  if (!(error instanceof S3Refusal)) throw error;
  const { status, code, message } = error;
  return { status, ...xml(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`) };
}

function answerBucket(store: ObjectStore, { method, query }: SeenRequest): Answer {
  if (method === "HEAD") return { status: 200 };
  if (method === "GET" && query.has("location")) return { status: 200, ...xml("<LocationConstraint/>") };
  if (method === "GET" && query.has("uploads")) {
    const uploads = store
      .unfinished(query.get("prefix") ?? "")
      .map(
        ({ id, key, initiated }) =>
          `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
      );
    const list = `<IsTruncated>false</IsTruncated>${uploads.join("")}`;
    return { status: 200, ...xml(`<ListMultipartUploadsResult>${list}</ListMultipartUploadsResult>`) };
  }
  throw new S3Refusal(501, "NotImplemented", "The stand-in does not do this");
}

function answerObject(store: ObjectStore, request: SeenRequest, body: Buffer): Answer {
  const { method, key, query } = request;
  const id = query.get("uploadId");
  switch (`${method}${query.has("uploads") ? " uploads" : ""}${id === null ? "" : " upload"}`) {
    case "PUT":
      return { status: 200, headers: { ETag: `"${store.put(key, body)}"` } };
    case "GET":
    case "HEAD":
      return answerBytes(store.get(key), request.headers.range);
    case "DELETE":
      store.remove(key);
      return { status: 204 };
    case "POST uploads": {
      const upload = `<Bucket>b</Bucket><Key>${key}</Key><UploadId>${store.initiate(key)}</UploadId>`;
      return {
        status: 200,
        ...xml(`<InitiateMultipartUploadResult>${upload}</InitiateMultipartUploadResult>`),
      };
    }
    case "PUT upload": {
      const etag = store.putPart(key, id ?? "", Number(query.get("partNumber")), body);
      return { status: 200, headers: { ETag: `"${etag}"` } };
    }
    case "POST upload": {
      const etag = store.complete(key, id ?? "", partNames(body.toString()));
      const done = `<Location>/b/${key}</Location><Bucket>b</Bucket><Key>${key}</Key><ETag>"${etag}"</ETag>`;
      return {
        status: 200,
        ...xml(`<CompleteMultipartUploadResult>${done}</CompleteMultipartUploadResult>`),
      };
    }
    case "DELETE upload":
      store.abort(key, id ?? "");
      return { status: 204 };
    default:
      throw new S3Refusal(501, "NotImplemented", "The stand-in does not do this");
  }
}

function answerBytes(bytes: Buffer, range: string | undefined): Answer {
  if (range === undefined) return { status: 200, body: bytes };
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  const start = first === "" ? Math.max(0, bytes.length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes.length - 1 : Math.min(Number(last), bytes.length - 1);
  if (start >= bytes.length || end < start) {
    throw new S3Refusal(416, "InvalidRange", "The requested range is not satisfiable");
  }
  const headers = { "Content-Range": `bytes ${start}-${end}/${bytes.length}` };
  return { status: 206, headers, body: bytes.subarray(start, end + 1) };
}

function partNames(body: string): PartName[] {
  const parts = body.matchAll(/<PartNumber>(\d+)<\/PartNumber>\s*<ETag>(?:"|&quot;)?([0-9a-f]+)/g);
  return [...parts].map(([, number, etag]) => ({ number: Number(number), etag: etag ?? "" }));
}

function xml(text: string): Pick<Answer, "headers" | "body"> {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${text}`;
  return { headers: { "Content-Type": "application/xml" }, body };
}
