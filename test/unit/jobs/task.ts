import { randomBytes } from "node:crypto";

import { expect } from "chai";

import { JobTaskError, JobUnsupportedError } from "../../../lib/jobs/errors.ts";
import { assertJobId, newJobId } from "../../../lib/jobs/id.ts";
import { requestOfTask } from "../../../lib/jobs/inputs.ts";
import { parseTask, taskText, type TaskType } from "../../../lib/jobs/task.ts";
import { readForm } from "../../../lib/protocol/multipart.ts";
import { caught } from "../compute/support/caught.ts";

const inputs = { prompt: "What is 2+2?" };

describe("a job's task", () => {
  it("is read from the adapter's form, with numbers and lists as texts", () => {
    const task = parseTask({
      task_type: "inference",
      model: "provider-0",
      inputs: { messages: [{ role: "user", content: "hi" }], max_tokens: 5 },
      verification: "tee-ml",
      docker_image: null,
      resources: null,
    });
    expect(task).to.deep.equal({
      task_type: "inference",
      model: "provider-0",
      inputs: { messages: '[{"role":"user","content":"hi"}]', max_tokens: "5" },
      verification: "tee-ml",
    });
  });

  it("counts what is empty on the wire as absent", () => {
    const wire = { task_type: "inference", model: "", inputs, verification: "", docker_image: "", resources: {} };
    expect(parseTask(wire)).to.deep.equal({ task_type: "inference", inputs, verification: "tee-ml" });
  });

  for (const [field, value, more] of [
    ["verification", "zk-ml", {}],
    ["verification", "op-ml", {}],
    ["task_type", "training", {}],
    ["docker_image", "alpine:3", {}],
    ["resources", "gpu", { resources: { gpu: "H100" } }],
  ] as const) {
    it(`is refused by name for ${field} ${value}, which nobody can honour`, async () => {
      const asked = { task_type: "inference", inputs, [field]: value, ...more };
      const error = await caught(JobUnsupportedError, () => parseTask(asked));
      expect(error.details).to.include({ field, value });
      expect(error).to.include({ code: "ZG_JOB_UNSUPPORTED", exit: 2 });
    });
  }

  it("is refused for an unknown type, proof, field or form", async () => {
    for (const wrong of [
      { task_type: "poetry", inputs },
      { task_type: "constructor", inputs },
      { task_type: "inference", inputs, verification: "none" },
      { task_type: "inference", inputs, priority: "high" },
      { task_type: "inference" },
      { task_type: "inference", inputs: { prompt: null } },
      "inference",
    ]) {
      await caught(JobTaskError, () => parseTask(wrong));
    }
  });

  it("is the same task whatever the order of its inputs", () => {
    const one = parseTask({ task_type: "inference", inputs: { prompt: "a", system: "b" } });
    const other = parseTask({ inputs: { system: "b", prompt: "a" }, task_type: "inference" });
    expect(taskText(one)).to.equal(taskText(other));
  });
});

describe("the request of a task", () => {
  const request = (task_type: TaskType, given: Record<string, string>) =>
    requestOfTask(parseTask({ task_type, inputs: given }), "the-model", randomBytes);
  const json = (task_type: TaskType, given: Record<string, string>) => {
    const { user, ...rest } = request(task_type, given).facts.json as Record<string, unknown>;
    expect(user).to.match(/^[0-9a-f]{32}$/);
    return rest;
  };
  const refused = async (task_type: TaskType, given: Record<string, string>) =>
    (await caught(JobTaskError, () => request(task_type, given))).details["field"];

  it("asks a chat with a bound of tokens, always", () => {
    expect(json("inference", inputs)).to.deep.equal({
      max_tokens: 512,
      messages: [{ role: "user", content: inputs.prompt }],
      model: "the-model",
    });
    const all = { messages: '[{"role":"user","content":"a"}]', system: "s", max_tokens: "7", temperature: "0.5" };
    expect(json("inference", all)).to.deep.include({ max_tokens: 7, temperature: 0.5 });
  });

  it("asks for embeddings and images", () => {
    expect(json("embedding", { input: "a" })).to.include({ input: "a", encoding_format: "float" });
    expect(json("embedding", { inputs: '["a","b"]', dimensions: "8" })).to.deep.include({
      input: ["a", "b"],
      dimensions: 8,
    });
    expect(json("image", { prompt: "cat", n: "2", size: "64x64" })).to.include({ prompt: "cat", n: 2, size: "64x64" });
  });

  it("sends files as a form", () => {
    const image = Buffer.from("png").toString("base64");
    const edit = readForm(request("edit", { prompt: "hat", image, mask: image }).body);
    expect(edit?.map(({ name }) => name)).to.include.members(["image", "mask", "prompt"]);
    const audio = request("transcription", { audio: image, file_name: "talk.mp3", format: "text", language: "en" });
    const file = readForm(audio.body)?.find(({ name }) => name === "file");
    expect(file).to.deep.include({ fileName: "talk.mp3", contentType: "audio/mpeg" });
  });

  it("names the input that is missing, malformed or unknown", async () => {
    expect(await refused("inference", {})).to.equal("inputs.prompt");
    expect(await refused("inference", { ...inputs, messages: "[]" })).to.equal("inputs.messages");
    expect(await refused("inference", { ...inputs, messages: '[{"role":"user","content":"a"}]' })).to.equal(
      "inputs.prompt",
    );
    expect(await refused("inference", { messages: "{" })).to.equal("inputs.messages");
    expect(await refused("inference", { ...inputs, max_tokens: "0" })).to.equal("inputs.max_tokens");
    expect(await refused("inference", { ...inputs, temperature: "3" })).to.equal("inputs.temperature");
    expect(await refused("inference", { ...inputs, top_k: "1" })).to.equal("inputs.top_k");
    expect(await refused("embedding", { input: "a", inputs: '["b"]' })).to.equal("inputs.input");
    expect(await refused("image", {})).to.equal("inputs.prompt");
    expect(await refused("edit", { prompt: "a" })).to.equal("inputs.image");
    expect(await refused("edit", { prompt: "a", image: "no base64" })).to.equal("inputs.image");
    expect(await refused("transcription", { audio: "AAAA", file_name: "../a.wav" })).to.equal("inputs.file_name");
    expect(await refused("transcription", { audio: "AAAA", format: "pdf" })).to.equal("inputs.format");
    expect(await refused("transcription", {})).to.equal("inputs.audio");
  });
});

describe("a job's id", () => {
  it("is made as the adapter names jobs, and never twice", () => {
    const [one, two] = [newJobId(randomBytes), newJobId(randomBytes)];
    expect(one)
      .to.match(/^zerog_job_[0-9a-f]{32}$/)
      .and.not.equal(two);
    assertJobId(one);
  });

  it("is refused when it is no name", async () => {
    for (const wrong of ["", "-a", "a b", "../a", "a".repeat(65)]) {
      await caught(JobTaskError, () => {
        assertJobId(wrong);
      });
    }
  });
});
