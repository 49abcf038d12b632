import { isObject, stringOf } from "../images/untrusted-json.ts";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";
import { formatAge } from "../tables/age.ts";
import { formatSize } from "../tables/size.ts";
import { bold, tableOf } from "../tables/table.ts";
import { type ImageFacts, platformOfConfig } from "./image-facts.ts";
import { kindOf } from "./image-row.ts";

/** An image, for people. */
export function renderImage(io: Io, image: ImageFacts, now: Date): string {
  const sections = [
    factLines(image, now),
    section(io, "PLATFORMS", platforms(io, image)),
    section(io, "CONFIG", configLines(image)),
    section(io, "LAYERS", layers(io, image)),
    section(io, "REFERRERS", referrers(io, image)),
    section(io, "ANNOTATIONS", pairLines(image.annotations)),
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function section(io: Io, title: string, text: string): string {
  return text === "" ? "" : `${bold(io, title)}\n${text}`;
}

function factLines(image: ImageFacts, now: Date): string {
  const when = (time: string | null): string =>
    time === null ? "never" : `${time} (${formatAge(new Date(time), now)})`;
  const { artifactType, subject } = image;
  return lines([
    ["digest", image.digest],
    ["tags", image.tags.join(", ") || "none"],
    ["kind", `${kindOf(image)}, ${image.mediaType}`],
    ...(artifactType === null ? [] : [["artifact", artifactType] as const]),
    ...(subject === null ? [] : [["subject", subject] as const]),
    ["size", formatSize(image.size)],
    ["pushed", when(image.pushedAt)],
    ["pulled", when(image.pulledAt)],
  ]);
}

function platforms(io: Io, { platforms }: ImageFacts): string {
  if (platforms.length === 0) return "";
  const columns = [{ title: "PLATFORM" }, { title: "SIZE", right: true }, { title: "LAYERS", right: true }];
  return tableOf(
    io,
    [...columns, { title: "DIGEST" }],
    platforms.map(({ platform, imageSize, layers, digest }) => [
      platform ?? "none",
      imageSize === null ? "absent" : formatSize(imageSize),
      ...[layers === null ? "-" : String(layers), digest],
    ]),
  );
}

function layers(io: Io, { layers }: ImageFacts): string {
  if (layers.length === 0) return "";
  return tableOf(
    io,
    [{ title: "SIZE", right: true }, { title: "DIGEST" }, { title: "TYPE" }],
    layers.map(({ size, digest, mediaType }) => [formatSize(size), digest, mediaType]),
  );
}

function referrers(io: Io, { referrers }: ImageFacts): string {
  if (referrers.length === 0) return "";
  return tableOf(
    io,
    [{ title: "ARTIFACT" }, { title: "DIGEST" }],
    referrers.map(({ artifactType, mediaType, digest }) => [artifactType ?? mediaType, digest]),
  );
}

/** What a container of it begins with. */
function configLines({ config }: ImageFacts): string {
  const content = config?.content;
  if (content === null || content === undefined) return "";
  const run = isObject(content["config"]) ? content["config"] : {};
  const listed = (field: string): readonly string[] => {
    const value = run[field];
    if (Array.isArray(value)) return value.map(String);
    return isObject(value) ? Object.keys(value) : [];
  };
  const command = (field: string): readonly string[] =>
    listed(field).length === 0 ? [] : [JSON.stringify(listed(field))];
  return lines([
    ...named("platform", [platformOfConfig(config)]),
    ...named("created", [stringOf(content, "created")]),
    ...named("user", [stringOf(run, "User")]),
    ...named("workdir", [stringOf(run, "WorkingDir")]),
    ...named("entrypoint", command("Entrypoint")),
    ...named("cmd", command("Cmd")),
    ...named("ports", listed("ExposedPorts")),
    ...named("volumes", listed("Volumes")),
    ...named("env", listed("Env")),
    ...named("labels", isObject(run["Labels"]) ? pairs(run["Labels"]) : []),
  ]);
}

/** A line for each value; the name stands before the first. */
function named(
  name: string,
  values: readonly (string | undefined)[],
): readonly (readonly [string, string])[] {
  return values
    .filter((value) => value !== undefined && value !== "")
    .map((value, at) => [at === 0 ? name : "", value ?? ""]);
}

function pairs(of: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(of).map(([name, value]) => `${name}=${value}`);
}

function pairLines(of: Readonly<Record<string, string>>): string {
  return pairs(of)
    .map((pair) => `${printable(pair)}\n`)
    .join("");
}

function lines(all: readonly (readonly [string, string])[]): string {
  return all.map(([name, value]) => `${name.padEnd(11)} ${printable(value)}\n`).join("");
}
