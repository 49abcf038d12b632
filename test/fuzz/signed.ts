import { requestText } from "../hostile/raw.ts";
import { signInHeader } from "../iam/sigv4/signer.ts";
import { ADMINISTRATOR } from "../support/berth.ts";

const VERSIONS = { iam: "2010-05-08", sts: "2011-06-15" };

/** A signed call of a Query service, whose form begins with action and version. */
export function signedForm(service: "iam" | "sts", action: string, form: string): Buffer {
  const body = `Action=${action}&Version=${VERSIONS[service]}&${form}`;
  return signed(service, { "Content-Type": "application/x-www-form-urlencoded" }, body);
}

/** A signed call of ECR. */
export function signedJson(operation: string, body: string): Buffer {
  const target = `AmazonEC2ContainerRegistry_V20150921.${operation}`;
  return signed("ecr", { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target }, body);
}

function signed(service: string, headers: Readonly<Record<string, string>>, text: string): Buffer {
  const body = Buffer.from(text);
  const { accessKeyId: keyId, secretAccessKey: secret } = ADMINISTRATOR;
  const lines = signInHeader({
    headers: { Host: "localhost", ...headers },
    ...{ body, keyId, secret, region: "us-east-1", service, date: new Date() },
  }).headers;
  const { Host: _, ...more } = lines;
  const named = Object.entries(more).map(([name, value]) => `${name}: ${value}`);
  return requestText("POST", "/", [...named, `Content-Length: ${body.length}`], body);
}
