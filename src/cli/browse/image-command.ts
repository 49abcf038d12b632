import type { Command } from "commander";
import { doing } from "../command-line.ts";
import { openEcrApi } from "../ecr-api/client.ts";
import { oneLine } from "../images/errors.ts";
import type { WrittenReference } from "../images/reference.ts";
import { type Io, writeJson } from "../io.ts";
import { findImage } from "./image-facts.ts";
import { renderImage } from "./image-render.ts";
import { hostOf, imageIdOf, referenceArgument } from "./reference.ts";

/** `berth image`. */
export function addImage(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("image")
    .summary("one image: platforms, layers, config, referrers, tags")
    .description(
      "Shows one image: its tags, platforms, layers and their sizes, its config, and what refers to it: by the ECR API, with " +
        "your own credentials. It reads the manifest, which counts as a pull.",
    )
    .argument("<image>", "[HOST/]REPO[:TAG][@DIGEST]; the tag is latest unless said", referenceArgument)
    .option("--json", "everything, as JSON")
    .action(
      doing(async (reference: WrittenReference, { json = false }: { json?: boolean }) => {
        const api = await openEcrApi(await hostOf(reference, env), env, io.signal);
        const isBare = reference.tag === undefined && reference.digest === undefined;
        const id = isBare ? { imageTag: "latest" } : imageIdOf(reference);
        const note = (text: string): void => void io.stderr.write(`berth: ${oneLine(text)}\n`);
        const image = await findImage(api, reference.repository, id, note);
        if (json) writeJson(io, image);
        else io.stdout.write(renderImage(io, image, new Date()));
      }),
    );
}
