// What npm's clients of fal do, one story a name: `node stories.mjs NAME` prints what it saw as one line of JSON.
// All requests go to fal's own host names, through the proxy that HTTPS_PROXY names.

import { EnvHttpProxyAgent, setGlobalDispatcher } from "undici";

setGlobalDispatcher(new EnvHttpProxyAgent());

const LORA = "fal-ai/flux-lora";
const input = { prompt: "a photo" };

async function bytes(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return (await answer.arrayBuffer()).byteLength;
}

const stories = {
  async subscribe() {
    const { fal } = await import("@fal-ai/client");
    const states = [];
    const onQueueUpdate = (update) => states.push(update.status);
    const { data, requestId } = await fal.subscribe(LORA, { input, logs: true, pollInterval: 20, onQueueUpdate });
    return { states, requestId, size: await bytes(data.images[0].url) };
  },

  async subscribe_streaming() {
    const { fal } = await import("@fal-ai/client");
    let last;
    const { data } = await fal.subscribe(LORA, {
      input: { ...input, num_inference_steps: 20 },
      mode: "streaming",
      logs: true,
      onQueueUpdate: (update) => (last = update),
    });
    return { status: last.status, lines: last.logs.map((row) => row.message), images: data.images.length };
  },

  async run() {
    const { fal } = await import("@fal-ai/client");
    const { data, requestId } = await fal.run("fal-ai/flux/dev", { input: { ...input, num_images: 2 } });
    return { images: data.images.length, requestId };
  },

  async stream() {
    const { fal } = await import("@fal-ai/client");
    const events = [];
    const stream = await fal.stream("fal-ai/flux/dev", { input });
    for await (const event of stream) events.push(Object.keys(event));
    return { events: events.length, done: Object.keys(await stream.done()) };
  },

  async stream_with_a_token() {
    const { fal } = await import("@fal-ai/client");
    const stream = await fal.stream("fal-ai/flux/dev", { input, connectionMode: "client" });
    return { done: Object.keys(await stream.done()) };
  },

  async queue() {
    const { fal } = await import("@fal-ai/client");
    const { request_id } = await fal.queue.submit(LORA, { input });
    let status = await fal.queue.status(LORA, { requestId: request_id, logs: true });
    while (status.status !== "COMPLETED") status = await fal.queue.status(LORA, { requestId: request_id });
    const { data } = await fal.queue.result(LORA, { requestId: request_id });
    const cancelled = await fal.queue.cancel(LORA, { requestId: request_id }).catch((error) => error.status);
    return { images: data.images.length, cancelled };
  },

  async refused() {
    const { fal } = await import("@fal-ai/client");
    const failures = {};
    for (const call of ["run", "subscribe"]) {
      const error = await fal[call](LORA, { input: { num_images: 99 } }).catch((failure) => failure);
      failures[call] = [error.name, error.status, error.fieldErrors.map((field) => field.loc.at(-1)).sort()];
    }
    return failures;
  },

  async upload() {
    const { fal } = await import("@fal-ai/client");
    const small = await fal.storage.upload(new Blob(["small"], { type: "text/plain" }), { lifecycle: { expiresIn: "1h" } });
    const large = await fal.storage.upload(new Blob([new Uint8Array(91 << 20).fill(7)], { type: "image/png" }));
    return { small: await (await fetch(small)).text(), large: await bytes(large) };
  },

  async proxied() {
    const { createFalClient } = await import("@fal-ai/client");
    delete process.env.FAL_KEY;
    const fal = createFalClient({ proxyUrl: { url: `${process.env.EMULATOR}/api/fal/proxy`, when: "always" } });
    const { data } = await fal.subscribe(LORA, { input, pollInterval: 20 });
    const direct = await fal.run(LORA, { input });
    return { images: data.images.length, direct: direct.data.images.length, size: await bytes(data.images[0].url) };
  },

  async client_1_0() {
    const { fal } = await import("@fal-ai/client-1.0");
    const { data } = await fal.subscribe(LORA, { input, pollInterval: 20 });
    const direct = await fal.run(LORA, { input });
    const file = await fal.storage.upload(new Blob(["x"], { type: "text/plain" }));
    return { images: data.images.length, direct: direct.data.images.length, size: await bytes(file) };
  },

  async serverless_client() {
    const fal = await import("@fal-ai/serverless-client");
    const queued = await fal.subscribe(LORA, { input, pollInterval: 20 });
    const direct = await fal.run(LORA, { input });
    const file = await fal.storage.upload(new Blob(["x"], { type: "text/plain" }));
    return { images: queued.images.length, direct: direct.images.length, size: await bytes(file) };
  },

  async ai_sdk() {
    const { generateImage } = await import("ai");
    const { fal } = await import("@ai-sdk/fal");
    const { images } = await generateImage({ model: fal.image("fal-ai/flux/schnell"), prompt: "a photo", n: 2 });
    return { images: images.length, type: images[0].mediaType, size: images[0].uint8Array.byteLength };
  },

  async tanstack() {
    const { generateImage } = await import("@tanstack/ai");
    const { falImage } = await import("@tanstack/ai-fal");
    const { images } = await generateImage({ adapter: falImage("fal-ai/flux/dev"), prompt: "a photo", numberOfImages: 2 });
    return { images: images.length, size: await bytes(images[0].url) };
  },
};

const [name] = process.argv.slice(2);
console.log(JSON.stringify(await stories[name]()));
