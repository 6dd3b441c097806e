import { ArgumentType } from "hardhat/types/arguments";
import { task } from "hardhat/config";

import { CLAIM, JSON_FLAG, option, positional } from "../support/arguments.ts";
import { asked, SERVICE_OPTIONS } from "../support/service-options.ts";

const { n, size, imageFormat, maxSize, job, out, receipt } = SERVICE_OPTIONS;

/** Everything but chat that a provider sells, and what is left of an answer that could not be proved at once. */
export const serviceTasks = [
  asked(
    task(["inference", "image"], "Have images made, verify each by its hash, and keep a receipt")
      .addOption(option("prompt", "What to draw"))
      .addOption(n)
      .addOption(size)
      .addOption(imageFormat)
      .addFlag(job)
      .addOption(CLAIM),
  )
    .setAction(() => import("./image.ts"))
    .build(),
  asked(
    task(["inference", "edit"], "Have an image changed, verify the result by its hash, and keep a receipt")
      .addPositionalArgument(positional("image", "Image file"))
      .addOption(option("prompt", "What to change"))
      .addOption(option("mask", "Image file that says where it may be changed"))
      .addOption(n)
      .addOption(size)
      .addOption(imageFormat)
      .addOption(maxSize)
      .addFlag(job),
  )
    .setAction(() => import("./edit.ts"))
    .build(),
  asked(
    task(["inference", "transcribe"], "Have a recording written down, verify the answer, and keep a receipt")
      .addPositionalArgument(positional("audio", "Audio file"))
      .addOption(option("format", "json (default), text, srt, vtt or verbose_json"))
      .addOption(option("language", "Language that is spoken, such as en"))
      .addOption(option("prompt", "What was said before, or how names are spelled"))
      .addFlag({ name: "stream", description: "Print the text as it arrives (on stderr with --json)" })
      .addOption(maxSize),
  )
    .setAction(() => import("./transcribe.ts"))
    .build(),
  asked(
    task(["inference", "embed"], "Have texts turned into vectors, verify the answer, and keep a receipt")
      .addVariadicArgument({ name: "texts", description: "Texts", type: ArgumentType.STRING, defaultValue: [] })
      .addOption(option("file", "File with more of them: a JSON list, or one a line"))
      .addOption(option("dimensions", "Length of the vectors, for models that can shorten them"))
      .addOption(option("format", "How the answer holds them: float (default) or base64"))
      .addOption(maxSize),
  )
    .setAction(() => import("./embed.ts"))
    .build(),
  task(["inference", "finish"], "Prove an answer that was paid for when its signature could not be had; needs no key")
    .addPositionalArgument(positional("answer", "Its chat id or file; without one, those that wait are listed"))
    .addOption(out)
    .addOption(receipt)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./finish.ts"))
    .build(),
];
